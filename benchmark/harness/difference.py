"""What differs between two results of what should be the same cell: inputs, versions, prompts, rankings, metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from benchmark.evaluation.rank_similarity import kendall_tau, rank_biased_overlap
from benchmark.evaluation.statistics import PairedTest, paired_test
from benchmark.harness.record import CellRequest, QueryRecord
from benchmark.harness.store import Cell

ABSENT = "(absent)"
"""What stands for a field that one side does not have."""


@dataclass(frozen=True)
class Change:
    """A field with its two values; ``field`` is its path, with dots."""

    field: str
    a: Any
    b: Any


@dataclass(frozen=True)
class Prompts:
    """Queries whose prompts are known on both sides, and those of them that were asked something else."""

    compared: int
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Rankings:
    """Queries that both sides have ranked.

    Attributes:
        reordered: qids with another order; rescored: with the same order and other scores.
        overlap: mean rank-biased overlap; tau: mean Kendall's tau of the documents both hold; None: nothing to compare.
    """

    compared: int
    reordered: tuple[str, ...]
    rescored: tuple[str, ...]
    overlap: float | None
    tau: float | None


@dataclass(frozen=True)
class Metric:
    """A metric's means over the topics of both sides, and the test of B against A."""

    a: float
    b: float
    test: PairedTest


@dataclass(frozen=True)
class Difference:
    """Two cells with the same method, preset, backbone and collection.

    Attributes:
        inputs: what was asked; versions: machine, packages, commit.
        failed: qids without scores, in A only and in B only.
        metrics: empty where one side is not complete.
    """

    name: str
    a: str
    b: str
    inputs: tuple[Change, ...]
    versions: tuple[Change, ...]
    prompts: Prompts
    rankings: Rankings
    failed: tuple[tuple[str, ...], tuple[str, ...]]
    metrics: dict[str, Metric]


@dataclass(frozen=True)
class Comparison:
    """Two results folders. ``only_a`` and ``only_b`` are cells without a partner."""

    cells: tuple[Difference, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]


def compare(a: Sequence[Cell], b: Sequence[Cell]) -> Comparison:
    """Pair the cells of two results folders and say what differs.

    Where a side has several cells of one name (other options, other depth), those that differ in fewest inputs are
    paired first, each once.
    """
    named: dict[str, tuple[list[Cell], list[Cell]]] = defaultdict(lambda: ([], []))
    for side, cells in enumerate((a, b)):
        for cell in cells:
            named[name(cell.request)][side].append(cell)
    found: list[Difference] = []
    only: tuple[list[str], list[str]] = ([], [])
    for title, (ours, theirs) in sorted(named.items()):
        close = sorted(
            (
                (len(_changes(one.request, other.request)), x, y)
                for x, one in enumerate(ours)
                for y, other in enumerate(theirs)
            )
        )
        left, right = set(range(len(ours))), set(range(len(theirs)))
        for _, x, y in close:
            if x in left and y in right:
                left.remove(x)
                right.remove(y)
                found.append(difference(title, ours[x], theirs[y]))
        only[0].extend(ours[x].folder.name for x in sorted(left))
        only[1].extend(theirs[y].folder.name for y in sorted(right))
    return Comparison(tuple(found), tuple(only[0]), tuple(only[1]))


def name(request: CellRequest) -> str:
    """What two results must have in common to be compared, in words."""
    backbone = f" on {request.backbone.name}" if request.backbone else ""
    collection = request.collection
    return f"{request.method.name}:{request.method.preset}{backbone}, {collection.name}:{collection.split}"


def difference(title: str, a: Cell, b: Cell) -> Difference:
    """What differs between two cells."""
    ours = {record.qid: record for record in a.records}
    theirs = {record.qid: record for record in b.records}
    both = [(ours[qid], theirs[qid]) for qid in ours if qid in theirs]
    return Difference(
        name=title,
        a=a.folder.name,
        b=b.folder.name,
        inputs=tuple(_changes(a.request, b.request)),
        versions=tuple(_versions(a, b)),
        prompts=_prompts(both),
        rankings=_rankings(both),
        failed=_failed(both),
        metrics=_metrics(a, b),
    )


def _changes(a: CellRequest, b: CellRequest) -> list[Change]:
    return _compared(a.model_dump(mode="json"), b.model_dump(mode="json"))


def _versions(a: Cell, b: Cell) -> list[Change]:
    def facts(cell: Cell) -> dict[str, Any]:
        machine = cell.machine.model_dump(mode="json") if cell.machine else {}
        return {key: value for key, value in machine.items() if key not in ("started", "command")}

    return _compared(facts(a), facts(b))


def _compared(a: Any, b: Any) -> list[Change]:
    ours, theirs = dict(_flat(a)), dict(_flat(b))
    return [
        Change(field, ours.get(field, ABSENT), theirs.get(field, ABSENT))
        for field in dict.fromkeys([*ours, *theirs])
        if (field in ours, ours.get(field)) != (field in theirs, theirs.get(field))
    ]


def _flat(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is no mapping, with its path."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _flat(item, f"{at}.{key}" if at else str(key))
    else:
        yield at, value


def _prompts(both: Sequence[tuple[QueryRecord, QueryRecord]]) -> Prompts:
    known = [(one, other) for one, other in both if one.prompts_sha256 and other.prompts_sha256]
    return Prompts(len(known), tuple(one.qid for one, other in known if one.prompts_sha256 != other.prompts_sha256))


def _rankings(both: Sequence[tuple[QueryRecord, QueryRecord]]) -> Rankings:
    ranked = [(one, other) for one, other in both if one.scores is not None and other.scores is not None]
    orders = [([d for d, _ in one.ranking()], [d for d, _ in other.ranking()]) for one, other in ranked]

    def mean(measure: Callable[[list[str], list[str]], float | None]) -> float | None:
        values = [value for one, other in orders if (value := measure(one, other)) is not None]
        return fmean(values) if values else None

    reordered = tuple(one.qid for (one, _), (x, y) in zip(ranked, orders, strict=True) if x != y)
    rescored = tuple(one.qid for one, other in ranked if one.qid not in reordered and one.ranking() != other.ranking())
    return Rankings(len(ranked), reordered, rescored, mean(rank_biased_overlap), mean(kendall_tau))


def _failed(both: Sequence[tuple[QueryRecord, QueryRecord]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return (
        tuple(one.qid for one, other in both if one.failure and not other.failure),
        tuple(one.qid for one, other in both if other.failure and not one.failure),
    )


def _metrics(a: Cell, b: Cell) -> dict[str, Metric]:
    if a.summary is None or b.summary is None:
        return {}
    found = {}
    for metric, ours in a.summary.metrics.per_query.items():
        theirs = b.summary.metrics.per_query.get(metric, {})
        topics = [qid for qid in ours if qid in theirs]
        if topics:
            old, new = {qid: ours[qid] for qid in topics}, {qid: theirs[qid] for qid in topics}
            found[metric] = Metric(fmean(old.values()), fmean(new.values()), paired_test(new, old))
    return found
