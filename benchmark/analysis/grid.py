"""Mechanism by framework: results side by side, as the grid of the Selective-ICR paper has them (arXiv 2602.22591)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmark.harness.record import CellRequest, CellSummary, MethodRequest
from benchmark.hashing import canonical_json
from methods import registry

METRIC = "nDCG@10"

Mechanism = Literal["generation", "likelihood", "attention"]
MECHANISMS: tuple[Mechanism, ...] = ("generation", "likelihood", "attention")

FRAMEWORKS = ("pointwise", "groupwise", "pairwise", "setwise", "listwise")
"""In the order of the table."""

_OWN = {"pointwise": "pointwise", "grouprank": "groupwise", "pairwise": "pairwise", "setwise": "setwise"}
"""Frameworks by method; all other methods are listwise."""

_CHOSEN: dict[Any, Mechanism] = {
    **{mechanism: mechanism for mechanism in MECHANISMS},
    "yes_no": "likelihood",
    "query_likelihood": "likelihood",
    "graded": "likelihood",
    "written": "generation",
}
"""By the option ``mechanism`` of the methods that have it; a method without it has the family of its card."""

Result = tuple[CellRequest, CellSummary]


@dataclass(frozen=True)
class Quality:
    """Mean nDCG@10 and its 95% interval."""

    mean: float
    interval: tuple[float, float]

    def __str__(self) -> str:
        """As tables have it."""
        return f"{self.mean:.3f} [{self.interval[0]:.3f}, {self.interval[1]:.3f}]"


@dataclass(frozen=True)
class Entry:
    """One result.

    Attributes:
        framework: one of `FRAMEWORKS`, and how it sorts, if it does; mechanism: what decides there.
        label: what sets it apart from others of the same framework and mechanism; empty where it is the only one, and
            the framework its method's own.
        well_formed: share of the answers the model wrote; None where it writes none. failed: queries.
    """

    framework: str
    mechanism: Mechanism
    label: str
    quality: Quality
    well_formed: float | None
    failed: int


@dataclass(frozen=True)
class Grid:
    """Results under the same conditions.

    Attributes:
        conditions: backbone, collection and candidates, in words.
        baseline: of the first stage; None where it was not measured.
    """

    conditions: str
    baseline: Quality | None
    entries: tuple[Entry, ...]

    def markdown(self) -> str:
        """The conditions as a sentence, and a table with a row for each framework."""
        baseline = "" if self.baseline is None else f"; the first stage itself: {self.baseline}"
        lines = [
            f"{self.conditions}, {METRIC} with its 95% interval{baseline}.",
            "",
            f"| framework | {' | '.join(MECHANISMS)} |",
            f"|---{'|---' * len(MECHANISMS)}|",
        ]
        found = {entry.framework for entry in self.entries}
        for framework in sorted(found, key=lambda name: (FRAMEWORKS.index(name.split()[0]), name)):
            cells = [self._cell(framework, mechanism) for mechanism in MECHANISMS]
            lines.append(f"| {framework} | {' | '.join(cells)} |")
        return "\n".join(lines)

    def _cell(self, framework: str, mechanism: Mechanism) -> str:
        here = [entry for entry in self.entries if (entry.framework, entry.mechanism) == (framework, mechanism)]
        told = (
            (f"{entry.label} " if entry.label else "")
            + str(entry.quality)
            + (f", {entry.well_formed:.0%} well-formed" if entry.well_formed is not None else "")
            + (f", {entry.failed} failed" if entry.failed else "")
            for entry in here
        )
        return "; ".join(told) or "–"


def grids(results: Iterable[Result]) -> list[Grid]:
    """One table for each backbone and list of candidates.

    Of requests that only the version of the code sets apart, the one that was finished last counts. Methods that work
    by none of the three mechanisms (trained classifiers, embeddings) are left out.

    Raises:
        UserError: a method that is not known here.
    """
    baselines: dict[str, Quality] = {}
    tables: dict[tuple[str, str], dict[str, Result]] = defaultdict(dict)
    for asked, summary in sorted(results, key=lambda result: result[1].finished):
        candidates = canonical_json(asked.collection.model_dump(mode="json"))
        if registry.find(asked.method.name).card.family == "baseline":
            baselines[candidates] = _quality(summary)
        elif asked.backbone is not None and mechanism_of(asked) is not None:
            method = asked.method
            what = canonical_json([method.name, method.preset, method.options])
            tables[candidates, f"{asked.backbone.name} ({asked.backbone.dtype})"][what] = (asked, summary)
    found = []
    for (candidates, backbone), table in tables.items():
        cells = list(table.values())
        asked, summary = cells[0]
        where = asked.collection
        conditions = (
            f"{backbone} on {where.name}, first {where.depth} of {where.first_stage}, {summary.queries} queries"
        )
        found.append(Grid(conditions, baselines.get(candidates), _entries(cells)))
    return found


def mechanism_of(asked: CellRequest) -> Mechanism | None:
    """What decides; None for a method that works by none of the three."""
    family = registry.find(asked.method.name).card.family
    return _CHOSEN.get(asked.method.options.get("mechanism", family))


def framework_of(asked: CellRequest) -> str:
    """How the method ranks, such as ``setwise heapsort``."""
    name = _OWN.get(asked.method.name, "listwise")
    sorts = asked.method.options.get("framework")
    return f"{name} {sorts}" if sorts else name


def _entries(cells: Sequence[Result]) -> tuple[Entry, ...]:
    places: dict[tuple[str, Mechanism], list[Result]] = defaultdict(list)
    for asked, summary in cells:
        mechanism = mechanism_of(asked)
        assert mechanism is not None, "`grids` leaves such methods out"
        places[framework_of(asked), mechanism].append((asked, summary))
    return tuple(
        Entry(
            framework,
            mechanism,
            _label(asked.method, [other.method for other, _ in here]),
            _quality(summary),
            summary.answers.well_formed if summary.answers else None,
            summary.failed,
        )
        for (framework, mechanism), here in places.items()
        for asked, summary in here
    )


def _label(method: MethodRequest, here: Sequence[MethodRequest]) -> str:
    """The preset, with the method where it is not the framework's own, and the options that set presets apart."""
    if len(here) == 1 and method.name in _OWN:
        return ""
    name = method.preset if method.name in _OWN else f"{method.name}:{method.preset}"
    alike = [other.options for other in here if (other.name, other.preset) == (method.name, method.preset)]
    differing = [key for key, value in method.options.items() if any(options.get(key) != value for options in alike)]
    return " ".join([name, *(f"{key}={method.options[key]}" for key in differing)])


def _quality(summary: CellSummary) -> Quality:
    return Quality(summary.metrics.mean[METRIC], summary.metrics.interval[METRIC])
