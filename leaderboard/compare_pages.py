"""Head to head of any two runs: the page, and the data of each run as a script that it can load from a disk, too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from jinja2 import Environment

from benchmark.hashing import canonical_json
from leaderboard import addresses
from leaderboard.pages import Page, Site
from leaderboard.rows import PRIMARY, Row, Section
from leaderboard.titles import run_title, section_title
from leaderboard.versus import tops

FOLDER = "compare"


def pages(site: Site, environment: Environment) -> Iterator[Page]:
    """The page, a script with the runs of each collection, and a script with the topics of each run."""
    sections = [section for section in site.sections if _ranked(section)]
    shown = [[section.anchor, section_title(section)] for section in sections]
    template = environment.get_template("compare.html")
    yield Page(
        addresses.COMPARE,
        canonical_json(shown),
        partial(template.render, root="", here=addresses.COMPARE, sections=sections),
    )
    for section in sections:
        backbones = {row.request.backbone.name for row in _ranked(section) if row.request.backbone}
        name = run_title if len(backbones) > 1 else _short
        rows = [[row.page, name(row), row.rank, row.is_baseline] for row in _ranked(section)]
        value = {"title": section_title(section), "metric": PRIMARY, "rows": rows}
        yield Page(
            f"{FOLDER}/sections/{section.anchor}.js",
            canonical_json(value),
            partial(_script, "section", section.anchor, value),
        )
        for row in _ranked(section):
            depends = [section.anchor, *(file.sha256 for file in site.data(row))]
            yield Page(f"{FOLDER}/rows/{row.page}.js", canonical_json(depends), partial(_row_script, section, row))


def _ranked(section: Section) -> list[Row]:
    return [row for row in section.rows if row.summary and row.topics and row.topics.qids]


def _short(row: Row) -> str:
    return row.name


def _row_script(section: Section, row: Row) -> str:
    assert row.topics is not None
    first = tops(row.full().records)
    values = zip(row.topics.qids, row.topics.values.tolist(), strict=True)
    topics = [[qid, value, list(first.get(qid, ()))] for qid, value in values]
    return _script("row", row.page, {"section": section.anchor, "topics": topics})


def _script(kind: str, name: str, value: dict[str, Any]) -> str:
    """A call of what static/compare.js offers. JSON in ASCII is JavaScript whatever is in it."""
    given = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return f"rerankbench.{kind}({json.dumps(name)},{given});\n"
