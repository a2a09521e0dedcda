"""Head to head of any two runs: the page, and the data of each run as a script that it can load from a disk, too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from jinja2 import Environment

from benchmark.evaluation.multiple import flips_of
from benchmark.hashing import canonical_json
from leaderboard import addresses
from leaderboard.pages import Page, Site
from leaderboard.rows import PRIMARY, Row, Section
from leaderboard.titles import run_title, section_title
from leaderboard.versus import Tops

FOLDER = "compare"

_JSON = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def pages(site: Site, environment: Environment) -> Iterator[Page]:
    """The page, and a script with the runs of each collection; the runs' own scripts are made with their pages."""
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
        flips = flips_of(sum(row.comparison is not None for row in section.rows))
        value = {"title": section_title(section), "metric": PRIMARY, "flips": flips, "rows": rows}
        yield Page(
            f"{FOLDER}/sections/{section.anchor}.js",
            canonical_json(value),
            partial(_script, "section", section.anchor, value),
        )


def _ranked(section: Section) -> list[Row]:
    return [row for row in section.rows if is_offered(row)]


def is_offered(row: Row) -> bool:
    """Whether a run can be compared with others."""
    return bool(row.summary and row.topics and row.topics.qids)


def row_path(row: Row) -> str:
    """The script with a run's topics."""
    return f"{FOLDER}/rows/{row.page}.js"


def _short(row: Row) -> str:
    return row.name


def row_script(section: Section, row: Row, first: Tops) -> str:
    """What is in it: value and first documents of each topic."""
    assert row.topics is not None
    values = zip(row.topics.qids, row.topics.values.tolist(), strict=True)
    topics = [[qid, value, list(first.get(qid, ()))] for qid, value in values]
    return _script("row", row.page, {"section": section.anchor, "topics": topics})


def _script(kind: str, name: str, value: dict[str, Any]) -> str:
    """A call of what static/compare.js offers. JSON in ASCII is JavaScript whatever is in it."""
    return f"rerankbench.{kind}({_JSON.encode(name)},{_JSON.encode(value)});\n"
