"""Results over all collections of some rows, as the pages of methods and backbones show them. Pure."""

from __future__ import annotations

from collections import defaultdict
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
            "latency from a timed session",
            "ratio",
            "prompt tokens",
            "hardware",
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
                row.cost.timed if row.cost.latency is not None else None,
                row.cost.ratio,
                row.cost.prompt_tokens,
                "; ".join(row.hardware) or None,
                row.trust,
                row.date,
            )
            for row in self.rows
        )
        return DataTable(self.name, self.family.title, columns, rows)


def _pages(score: Score) -> str:
    return " ".join(row.page for row in score.rows)


def by_name(
    tables: Sequence[FamilyTable], kind: str, name_of: Callable[[FamilyRow], str | None]
) -> dict[str, list[Results]]:
    """Rows by what they are named after, table by table; rows without a name are left out.

    Args:
        kind: begins the names of the data.
    """
    found: dict[str, list[Results]] = defaultdict(list)
    for table in tables:
        rows: dict[str, list[FamilyRow]] = defaultdict(list)
        for row in table.rows:
            name = name_of(row)
            if name is not None:
                rows[name].append(row)
        for name, mine in rows.items():
            found[name].append(Results(addresses.unique_name(f"{kind}-{name}-{table.anchor}"), table, tuple(mine)))
    return found
