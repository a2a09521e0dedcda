"""Results over all collections of some rows, as the pages of methods and backbones show them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmark.hashing import canonical_json
from leaderboard import addresses
from leaderboard.export import DataTable
from leaderboard.family import FamilyRow, FamilyTable, Score
from leaderboard.rows import PRIMARY


@dataclass(frozen=True)
class Results:
    """Some rows of a family's table.

    Attributes:
        name: of the table, unique on the site.
    """

    name: str
    family: FamilyTable
    rows: tuple[FamilyRow, ...]

    @property
    def depends(self) -> str:
        """Text that changes with what is shown of it."""
        table = self.table
        shown = [
            [row.seen, *row.hardware, *(f"{score.reason} {_pages(score)}" for score in row.scores)] for row in self.rows
        ]
        return canonical_json([table.title, table.columns, table.rows, shown])

    @property
    def table(self) -> DataTable:
        """The same as data."""
        columns = (
            "method",
            "preset",
            "variant",
            "backbone",
            "rank from",
            "rank to",
            f"mean {PRIMARY}",
            "low",
            "high",
            "difference to the first stage",
            "p",
            *(column.title for column in self.family.columns),
            "latency",
            "ratio",
            "trust",
            "date",
        )
        rows = tuple(
            (
                row.method.name,
                row.method.preset,
                row.variant,
                row.backbone.name if row.backbone else None,
                *(row.rank or (None, None)),
                row.mean,
                *(row.interval or (None, None)),
                row.difference,
                row.p_value,
                *(score.value for score in row.scores),
                row.cost.latency,
                row.cost.ratio,
                row.trust,
                row.date,
            )
            for row in self.rows
        )
        return DataTable(self.name, self.family.title, columns, rows)


def _pages(score: Score) -> str:
    return " ".join(row.page for row in score.rows)


def of(tables: Sequence[FamilyTable], name: str, keep: Callable[[FamilyRow], bool]) -> list[Results]:
    """The rows that are wanted, table by table; ``name`` begins the names of the data."""
    found = [(table, tuple(row for row in table.rows if keep(row))) for table in tables]
    return [Results(addresses.unique_name(f"{name}-{table.anchor}"), table, rows) for table, rows in found if rows]
