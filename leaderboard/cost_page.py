"""Quality against cost, one picture a family of collections."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import Environment

from benchmark.hashing import canonical_json
from leaderboard import addresses, cost_plot
from leaderboard.export import DataTable
from leaderboard.pages import Page, Site


def pages(site: Site, environment: Environment) -> Iterator[Page]:
    """The page."""

    def plots() -> list[cost_plot.CostPlot]:
        return [cost_plot.of_family(table) for table in site.families]

    def render() -> str:
        return environment.get_template("cost.html").render(root="", here=addresses.COST, plots=plots())

    def tables() -> list[DataTable]:
        return [plot.table for plot in plots()]

    yield Page(addresses.COST, canonical_json([depends_of(table) for table in tables()]), render, tables)


def depends_of(table: DataTable) -> list[object]:
    """What changes with a table."""
    return [table.title, table.columns, table.rows]
