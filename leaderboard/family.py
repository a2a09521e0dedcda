"""Types of the overview: one table a family of collections. `families.families` makes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from benchmark.harness.record import BackboneRequest, MethodRequest
from leaderboard.costs import Cost, Trust
from leaderboard.rows import BASELINE, Row, Section
from leaderboard.safe import safe_name


@dataclass(frozen=True)
class Column:
    """A collection of a family; one section, or the sections of its parts."""

    title: str
    sections: tuple[Section, ...]

    @property
    def key(self) -> str:
        """Unique in its table and safe in addresses."""
        return safe_name(self.title.lower().replace(" ", "-"))


@dataclass(frozen=True)
class Score:
    """A row's cell in the column of a collection.

    Attributes:
        value: mean of the metric that ranks, None where it is missing; reason: why; empty where it is not.
        rows: what it comes from, one for each part of the collection that was run.
    """

    value: float | None
    reason: str
    rows: tuple[Row, ...]

    @property
    def brief(self) -> str:
        """The reason in a word or two, for a narrow cell; empty where there is a value."""
        return self.reason.partition(":")[0]


@dataclass(frozen=True)
class FamilyRow:
    """One method with its options on one backbone.

    Attributes:
        key: stays the same when other rows come or go; unique in its table, safe as a fragment identifier.
        variant: what sets it apart from rows of the same method, preset and backbone.
        scores: one a column.
        mean: over the columns, None where one is missing; interval: 95%.
        rank: best and worst; group: of ties, "A" is the best; None and empty without a mean.
        difference, p_value: to the first stage, corrected for all rows of the table; None without either mean.
        hardware: everything its runs ran on; size: band of its backbone's parameters; kind: family of its method.
    """

    key: str
    method: MethodRequest
    backbone: BackboneRequest | None
    title: str
    kind: str
    size: str
    scores: tuple[Score, ...]
    cost: Cost
    trust: Trust
    date: str
    hardware: tuple[str, ...]
    variant: str = ""
    mean: float | None = None
    interval: tuple[float, float] | None = None
    rank: tuple[int, int] | None = None
    group: str = ""
    difference: float | None = None
    p_value: float | None = None

    @property
    def preset(self) -> str:
        """The preset's name, empty for the default one."""
        return "" if self.method.preset == "default" else self.method.preset

    @property
    def is_baseline(self) -> bool:
        """Whether others are compared with this row."""
        return self.method.name == BASELINE

    @property
    def rows(self) -> tuple[Row, ...]:
        """All runs it comes from."""
        return tuple(row for score in self.scores for row in score.rows)

    @property
    def seen(self) -> str:
        """What the method has seen of the test data while it was fitted; empty where it has seen nothing."""
        return "; ".join(dict.fromkeys(row.seen for row in self.rows if row.seen))

    @property
    def flags(self) -> tuple[str, ...]:
        """What a reader has to know of the submissions it comes from."""
        return tuple(dict.fromkeys(flag for row in self.rows if row.standing for flag in row.standing.flags))


@dataclass(frozen=True)
class FamilyTable:
    """Rows over the collections of one family, with one kind of candidates.

    Attributes:
        known: collections of this family in the catalogue; columns: those of which there is a run.
        rows: best first, then those without a mean.
    """

    anchor: str
    family: str
    split: str
    first_stage: str
    depth: int
    known: int
    columns: tuple[Column, ...]
    rows: tuple[FamilyRow, ...]

    @property
    def title(self) -> str:
        """For headings and captions."""
        return f"{self.family}: {self.split}, {self.first_stage} top {self.depth}"

    @cached_property
    def hardware(self) -> tuple[str, ...]:
        """The different machines of its rows."""
        return tuple(sorted({name for row in self.rows for name in row.hardware}))

    @cached_property
    def missing(self) -> tuple[tuple[FamilyRow, Column, Score], ...]:
        """Cells without a value."""
        pairs = (
            (row, column, score) for row in self.rows for column, score in zip(self.columns, row.scores, strict=True)
        )
        return tuple((row, column, score) for row, column, score in pairs if score.value is None)
