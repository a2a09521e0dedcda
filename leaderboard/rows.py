"""Cells as typed rows, in sections of what may be compared. Types only; `grouping.sections` makes them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmark.collections.spec import CollectionSpec
from benchmark.evaluation.metrics import METRICS, TABLE
from benchmark.evaluation.multiple import Against
from benchmark.harness.record import CellRequest, CellSummary, CollectionRequest, Machine, Standing
from benchmark.harness.store import Cell
from benchmark.hashing import sha256_json
from leaderboard import text
from leaderboard.offered import DataFile
from leaderboard.safe import safe_name
from leaderboard.status import Status

PRIMARY = METRICS[0]
"""The metric that ranks."""

BASELINE = "first-stage"
"""The method that every other is compared with."""

_NOT_IN_RANKING = frozenset(metric.name for metric in TABLE if not metric.in_ranking)

_LOWER_IS_BETTER = frozenset(metric.name for metric in TABLE if not metric.higher_is_better)


@dataclass(frozen=True, eq=False)
class Topics:
    """The metric that ranks, for each judged topic.

    Attributes:
        qids: the same tuple object for all cells with these topics; values: shape (topics,), in their order.
    """

    qids: tuple[str, ...]
    values: NDArray[np.float64]

    @property
    def by_topic(self) -> dict[str, float]:
        """The values by qid."""
        return dict(zip(self.qids, self.values.tolist(), strict=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Topics) and self.qids == other.qids and np.array_equal(self.values, other.values)


@dataclass(frozen=True)
class Row:
    """One cell as a line of a table.

    Attributes:
        cell: where it comes from, as `reading.entry` leaves it: without its lines and its values by topic.
        identity: of its request; topics: of a cell with a summary; files: what is offered of it.
        page: name of its page and of its data folder, unique and safe in paths and addresses.
        variant: what sets it apart from rows of the same method, preset and backbone; often empty.
        status: only complete rows are ranked; reason: why a row is not complete.
        rank: 1 is best, equal scores share a rank; None for a row without a score.
        comparison: with the baseline of the same section over the same topics, corrected for all rows of the section;
            None for the baseline itself.
        hardware: what it ran on in words, None when it did not start.
    """

    cell: Cell
    identity: str
    page: str
    variant: str
    status: Status
    reason: str | None
    rank: int | None = None
    comparison: Against | None = None
    hardware: str | None = None
    topics: Topics | None = None
    files: tuple[DataFile, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """Changes with everything that pages show of it."""
        return sha256_json(
            [
                [self.page, self.variant, self.status, self.reason, self.rank, self.hardware],
                [[file.name, file.sha256] for file in self.files],
                self.comparison and [self.comparison.p_value, self.comparison.corrected],
                self.standing and self.standing.flags,
            ]
        )

    @property
    def request(self) -> CellRequest:
        """What was asked."""
        return self.cell.request

    @property
    def summary(self) -> CellSummary | None:
        """The summary of a ranked row; None for any other, even if its folder holds one."""
        return self.cell.summary if self.status == "complete" else None

    @property
    def machine(self) -> Machine | None:
        """On what it ran."""
        return self.cell.machine

    @property
    def standing(self) -> Standing | None:
        """How far it was checked; None for a run that was not submitted."""
        return self.cell.standing

    @property
    def is_baseline(self) -> bool:
        """Whether others are compared with this row."""
        return self.request.method.name == BASELINE

    @property
    def score(self) -> float | None:
        """Mean of the metric that ranks."""
        return self.summary.metrics.mean[PRIMARY] if self.summary else None

    @property
    def seen(self) -> str:
        """What the method has seen of the test data while it was fitted, in words; empty where it has seen nothing."""
        parts = []
        for data in self.summary.training if self.summary else ():
            if not data.checked and data.queries:
                parts.append(f"detected on {data.source}, perhaps on these topics")
            elif data.queries or data.documents:
                topics, documents = text.plural(data.queries, "topic"), text.plural(data.documents, "document")
                parts.append(f"fitted on {data.source}: saw {topics} and {documents} of this collection")
        return "; ".join(parts)

    @property
    def fitted_on(self) -> str:
        """The data the method was fitted on, in words; empty for one that was not fitted."""
        return ", ".join(
            data.source if data.checked else f"{data.source} (as published, not checked)"
            for data in (self.summary.training if self.summary else ())
        )

    @property
    def name(self) -> str:
        """Method, preset and variant: short, for labels."""
        return " · ".join(part for part in (self.request.method.name, self.preset, self.variant) if part)

    @property
    def preset(self) -> str:
        """The preset's name, empty for the default one."""
        return "" if self.request.method.preset == "default" else self.request.method.preset


@dataclass(frozen=True)
class Section:
    """Rows that may be compared: same topics, judgements, candidates and protocol.

    Attributes:
        request: what the rows have in common.
        spec: the catalogue's entry, None where there is none.
        catalogued: whether judgements and candidates are the ones of the catalogue, by hash.
        rows: ranked rows first.
        metrics: names of all metrics that a ranked row has, in their order.
        hardware: the different machines of the rows.
    """

    request: CollectionRequest
    protocol: int
    spec: CollectionSpec | None
    catalogued: bool
    rows: tuple[Row, ...]
    metrics: tuple[str, ...]
    hardware: tuple[str, ...]

    @cached_property
    def anchor(self) -> str:
        """A fragment identifier that stays the same when other sections come or go."""
        return safe_name(f"{self.request.name}-{self.request.split}-{self._hash[:8]}")

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The metrics that have a column in the table."""
        return tuple(name for name in self.metrics if name not in _NOT_IN_RANKING)

    @cached_property
    def generates(self) -> bool:
        """Whether a ranked row's model writes text, so that written tokens and well-formed answers have columns."""
        return any(row.summary and (row.summary.answers or row.summary.cost.completion_tokens) for row in self.rows)

    @cached_property
    def baseline(self) -> Row | None:
        """The ranked row that others are compared with."""
        return next((row for row in self.rows if row.is_baseline and row.summary), None)

    def hardware_mark(self, row: Row) -> str:
        """``H1``, ``H2``, ... where rows come from different machines; empty otherwise."""
        if row.hardware is None or len(self.hardware) < 2:
            return ""
        return f"H{self.hardware.index(row.hardware) + 1}"

    def best(self, metric: str) -> float | None:
        """The best mean of a metric in this section; None where all are equal."""
        return self._best.get(metric)

    @cached_property
    def _best(self) -> dict[str, float]:
        means = [row.summary.metrics.mean for row in self.rows if row.summary]
        found = {}
        for metric in self.metrics:
            values = {mean[metric] for mean in means if metric in mean}
            if len(values) > 1:
                found[metric] = min(values) if metric in _LOWER_IS_BETTER else max(values)
        return found

    @cached_property
    def qids(self) -> tuple[str, ...]:
        """Topics that most ranked rows were measured on."""
        known = Counter(row.topics.qids for row in self.rows if row.summary and row.topics)
        return max(known, key=lambda qids: (known[qids], len(qids), qids), default=())

    @property
    def _hash(self) -> str:
        return sha256_json([self.protocol, self.request.model_dump(mode="json")])


def hardware(machine: Machine) -> str:
    """What makes timings comparable, in words."""
    parts = [machine.processor, text.plural(machine.cores, "core"), text.gibibytes(machine.memory_bytes)]
    return ", ".join(parts if machine.accelerator is None else [machine.accelerator, *parts])
