"""One page a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from jinja2 import Environment

from benchmark.hashing import canonical_json
from benchmark.regression.record import Condition
from leaderboard import addresses
from leaderboard.pages import Page, Site
from leaderboard.rows import Row, Section


def pages(site: Site, environment: Environment) -> Iterator[Page]:
    """The pages of all runs."""
    for section in site.sections:
        for row in section.rows:
            card = site.cards.get(row.request.method.name)
            depends = [
                [[file.name, file.sha256] for file in site.data(row)],
                [section.anchor, section.metrics, section.spec and section.spec.model_dump(mode="json")],
                [row.page, row.variant, row.rank, row.comparison and vars(row.comparison)],
                card and card.model_dump(mode="json"),
                [condition.model_dump(mode="json") for condition in site.ledger if _is_of(condition, row)],
            ]
            yield Page(addresses.run(row), canonical_json(depends), partial(_render, site, environment, section, row))


def _render(site: Site, environment: Environment, section: Section, row: Row) -> str:
    return environment.get_template("run.html").render(
        root="../",
        here="",
        section=section,
        row=replace(row, cell=row.full()),
        card=site.cards.get(row.request.method.name),
        files=site.data(row),
        history=[condition for condition in site.ledger if _is_of(condition, row)],
    )


def _is_of(condition: Condition, row: Row) -> bool:
    asked = row.request
    backbone = asked.backbone.name if asked.backbone else None
    method = asked.method
    return (condition.method, condition.preset, condition.backbone) == (method.name, method.preset, backbone)
