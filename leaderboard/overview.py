"""The first page: a table a family."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import Environment

from benchmark import __version__
from benchmark.hashing import canonical_json
from leaderboard import addresses, cite
from leaderboard.export import DataTable, Value
from leaderboard.family import FamilyRow, FamilyTable
from leaderboard.pages import Page, Site
from leaderboard.rows import PRIMARY


def pages(site: Site, environment: Environment) -> Iterator[Page]:
    """The overview with the data of its tables."""
    tables = [data(table) for table in site.families]
    shown = [[table.title, table.columns, table.rows] for table in tables]
    more = [[row.key, row.seen, row.flags, row.variant] for table in site.families for row in table.rows]
    runs = [row.page for table in site.families for each in table.rows for row in each.rows]
    refused = [[found.name, found.problems] for found in site.refused]
    template = environment.get_template("index.html")
    yield Page(
        addresses.INDEX,
        canonical_json([shown, more, runs, refused, bool(site.base_url)]),
        lambda: template.render(root="", here=addresses.INDEX, families=site.families, refused=site.refused),
        lambda: tables,
    )
    for table in site.families:
        if table.rows[0].mean is not None:
            yield _citations(table, site.base_url)


def _citations(table: FamilyTable, base_url: str) -> Page:
    entries = "\n".join(
        cite.table_row(
            key=f"rerankbench-{table.anchor}-{row.key}",
            what=f"{_title(row)}: {table.title}",
            identities=[run.identity for run in row.rows],
            year=row.date[:4],
            version=__version__,
            address=f"{base_url}/{addresses.row(table.anchor, row.key)}" if base_url else None,
        )
        for row in table.rows
        if row.mean is not None
    )
    return Page(addresses.citations(table.anchor), entries, lambda: entries)


def _title(row: FamilyRow) -> str:
    named = " ".join(part for part in (row.title, row.preset, row.variant and f"({row.variant})") if part)
    return f"{named} on {row.backbone.name}" if row.backbone else named


def data(table: FamilyTable) -> DataTable:
    """A family's table as data: raw values in base units, without rounding."""
    columns = (
        "rank best",
        "rank worst",
        "tie group",
        "method",
        "family of method",
        "preset",
        "variant",
        "options",
        "backbone",
        "number format",
        "size of backbone",
        f"mean {PRIMARY}",
        "interval low",
        "interval high",
        "difference to first stage",
        "corrected p",
        *(f"{PRIMARY} {column.title}" for column in table.columns),
        *(f"missing {column.title}" for column in table.columns),
        "latency seconds",
        "latency from a timed session",
        "ratio to reference",
        "peak memory bytes",
        "prompt tokens",
        "written tokens",
        "forward passes",
        "flops",
        "well-formed",
        "failed queries",
        "queries",
        "hardware",
        "trust",
        "date",
    )
    return DataTable(f"family-{table.anchor}", table.title, columns, tuple(_values(row) for row in table.rows))


def _values(row: FamilyRow) -> tuple[Value, ...]:
    cost = row.cost
    return (
        *(row.rank or (None, None)),
        row.group or None,
        row.method.name,
        row.kind,
        row.method.preset,
        row.variant or None,
        canonical_json(row.method.options),
        row.backbone.name if row.backbone else None,
        row.backbone.dtype if row.backbone else None,
        row.size,
        row.mean,
        *(row.interval or (None, None)),
        row.difference,
        row.p_value,
        *(score.value for score in row.scores),
        *(score.reason or None for score in row.scores),
        cost.latency,
        cost.timed if cost.latency is not None else None,
        cost.ratio,
        cost.memory,
        cost.prompt_tokens,
        cost.completion_tokens,
        cost.forward_passes,
        cost.flops,
        cost.well_formed,
        cost.failed,
        cost.queries,
        "; ".join(row.hardware) or None,
        row.trust,
        row.date or None,
    )
