"""Cells as typed rows, grouped by what may be compared. Pure: nothing is read or written here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmark.collections.spec import CollectionSpec, RunSpec
from benchmark.evaluation.metrics import METRICS, TABLE
from benchmark.evaluation.statistics import PairedTest, paired_test
from benchmark.harness.record import CellRequest, CellSummary, CollectionRequest, Machine, Standing
from benchmark.harness.store import Cell
from benchmark.hashing import canonical_json, sha256_json
from leaderboard import text
from leaderboard.status import Status, status

PRIMARY = METRICS[0]
"""The metric that ranks."""

BASELINE = "first-stage"
"""The method that every other is compared with."""

_NOT_IN_RANKING = frozenset(metric.name for metric in TABLE if not metric.in_ranking)

_LOWER_IS_BETTER = frozenset(metric.name for metric in TABLE if not metric.higher_is_better)


@dataclass(frozen=True)
class Row:
    """One cell as a line of a table.

    Attributes:
        cell: where it comes from.
        page: name of its page and of its data folder, unique and safe as a file name.
        variant: what sets it apart from rows of the same method, preset and backbone; often empty.
        status: only complete rows are ranked; reason: why a row is not complete.
        rank: 1 is best, equal scores share a rank; None for a row without a score.
        comparison: with the baseline of the same section over the same topics; None for the baseline itself.
        hardware: what it ran on in words, None when it did not start.
    """

    cell: Cell
    page: str
    variant: str
    status: Status
    reason: str | None
    rank: int | None = None
    comparison: PairedTest | None = None
    hardware: str | None = None

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

    @property
    def anchor(self) -> str:
        """A fragment identifier that stays the same when other sections come or go."""
        return safe_name(f"{self.request.name}-{self.request.split}-{self._hash[:8]}")

    @property
    def columns(self) -> tuple[str, ...]:
        """The metrics that have a column in the table."""
        return tuple(name for name in self.metrics if name not in _NOT_IN_RANKING)

    @property
    def generates(self) -> bool:
        """Whether a ranked row's model writes text, so that written tokens and well-formed answers have columns."""
        return any(row.summary and (row.summary.answers or row.summary.cost.completion_tokens) for row in self.rows)

    @property
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
        means = [row.summary.metrics.mean for row in self.rows if row.summary]
        values = {mean[metric] for mean in means if metric in mean}
        if len(values) < 2:
            return None
        return min(values) if metric in _LOWER_IS_BETTER else max(values)

    @property
    def _hash(self) -> str:
        return sha256_json([self.protocol, self.request.model_dump(mode="json")])


def sections(cells: Iterable[Cell], catalogue: Mapping[str, CollectionSpec]) -> tuple[Section, ...]:
    """All sections, by collection, split, first stage and depth.

    The order of ``cells`` does not matter, and a run that is given twice is shown once.

    Args:
        cells: as they were read from any number of results folders.
        catalogue: what is known about collections, by name.
    """
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in _numbered(_distinct(cells)):
        shared = (row.request.protocol, row.request.collection.model_dump(mode="json"))
        groups[canonical_json(shared)].append(row)
    found = [_section(rows, catalogue.get(rows[0].request.collection.name)) for rows in groups.values()]
    return tuple(
        sorted(
            found,
            key=lambda section: (
                section.request.name,
                section.request.split,
                section.request.first_stage,
                section.request.depth,
                section.anchor,
            ),
        )
    )


def safe_name(name: str, longest: int = 180) -> str:
    """``name`` with only ASCII letters, digits, ``.``, ``_`` and ``-``; keeps its end where it is too long."""
    kept = "".join(char if char.isascii() and (char.isalnum() or char in "._-") else "-" for char in name)
    return kept[-longest:].lstrip(".-") or "unnamed"


def hardware(machine: Machine) -> str:
    """What makes timings comparable, in words."""
    parts = [machine.processor, text.plural(machine.cores, "core"), text.gibibytes(machine.memory_bytes)]
    return ", ".join(parts if machine.accelerator is None else [machine.accelerator, *parts])


def _section(rows: Sequence[Row], spec: CollectionSpec | None) -> Section:
    request = rows[0].request.collection
    split = spec.splits.get(request.split) if spec else None
    run = split.runs.get(request.first_stage) if split else None
    # The catalogue does not pin every collection's contents: libraries pin their downloads, and runs may be built.
    catalogued = split is not None and split.sha256 in (None, request.revision)
    expected = split.queries if split is not None and catalogued else None
    judged = _with_variants([_judged(row, expected) for row in rows])
    ordered = _compared(_ranked(judged))
    return Section(
        request=request,
        protocol=rows[0].request.protocol,
        spec=spec,
        catalogued=catalogued and _known_run(spec, run, request),
        rows=ordered,
        metrics=_in_order({name for row in ordered if row.summary for name in row.summary.metrics.mean}),
        hardware=tuple(sorted({row.hardware for row in ordered if row.hardware})),
    )


def _known_run(spec: CollectionSpec | None, run: RunSpec | None, request: CollectionRequest) -> bool:
    """Whether the candidates are pinned ones, or the default run where that is built on each machine."""
    if run is not None:
        return run.sha256 == request.run_sha256
    return spec is not None and request.first_stage == spec.first_stage


def _judged(row: Row, expected: int | None) -> Row:
    """The row with what its cell is worth."""
    state, reason = status(row.cell, PRIMARY, expected)
    return replace(row, status=state, reason=reason)


def _in_order(names: set[str]) -> tuple[str, ...]:
    """Known metrics in their order, then the others by name."""
    return (*(name for name in METRICS if name in names), *sorted(names - set(METRICS)))


def _distinct(cells: Iterable[Cell]) -> list[Cell]:
    found: dict[str, Cell] = {}
    # Of a run that was also submitted, the submission is shown.
    for cell in sorted(cells, key=lambda cell: cell.standing is None):
        parts = (cell.request, cell.machine, cell.summary)
        key = canonical_json([*(part and part.model_dump(mode="json") for part in parts), len(cell.records)])
        found.setdefault(key, cell)
    return [found[key] for key in sorted(found)]


def _numbered(cells: Sequence[Cell]) -> list[Row]:
    """Rows with page names; one request that ran several times gets ``-2``, ``-3``, ... by time."""
    seen: Counter[str] = Counter()
    rows = []
    for cell in sorted(cells, key=lambda cell: cell.machine.started if cell.machine else ""):
        page = safe_name(cell.request.slug)
        seen[page.lower()] += 1
        number = seen[page.lower()]
        place = hardware(cell.machine) if cell.machine else None
        rows.append(Row(cell, page if number == 1 else f"{page}-{number}", "", "complete", None, hardware=place))
    return rows


def _with_variants(rows: Sequence[Row]) -> list[Row]:
    alike: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        backbone = row.request.backbone.name if row.request.backbone else ""
        alike[row.request.method.name, row.request.method.preset, backbone].append(row)
    out = []
    for siblings in alike.values():
        flat = [_flat(row.request.model_dump(mode="json", exclude={"collection"})) for row in siblings]
        keys = sorted({key for values in flat for key in values})
        differing = [key for key in keys if len({values.get(key) for values in flat}) > 1]
        for row, values in zip(siblings, flat, strict=True):
            named = (f"{key.rpartition('.')[2]}={_short(values[key])}" for key in differing if key in values)
            out.append(replace(row, variant=", ".join(named)))
    return out


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Leaves of nested mappings as text, by dotted key."""
    leaves: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            leaves |= _flat(value, f"{prefix}{key}.")
        else:
            leaves[prefix + key] = value if isinstance(value, str) else canonical_json(value)
    return leaves


def _short(value: str, limit: int = 24) -> str:
    return value if len(value) <= limit else f"{value[:8]}…"


def _ranked(rows: Sequence[Row]) -> list[Row]:
    """Ranked rows by falling score, then the others; names break ties of the order, not of the rank."""
    ordered = sorted(rows, key=lambda row: (row.score is None, -(row.score or 0.0), row.name, row.page))
    out: list[Row] = []
    for place, row in enumerate(ordered, 1):
        tied = bool(out) and out[-1].score == row.score
        rank = None if row.score is None else out[-1].rank if tied else place
        out.append(replace(row, rank=rank))
    return out


def _compared(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Each ranked row with its difference to the baseline, where both were measured on the same topics."""
    baseline = next((row for row in rows if row.is_baseline and row.summary), None)
    theirs = _by_topic(baseline) if baseline else {}

    def compared(row: Row) -> Row:
        ours = _by_topic(row)
        if row.is_baseline or not ours or ours.keys() != theirs.keys():
            return row
        return replace(row, comparison=paired_test(ours, theirs))

    return tuple(compared(row) for row in rows)


def _by_topic(row: Row) -> Mapping[str, float]:
    return row.summary.metrics.per_query.get(PRIMARY, {}) if row.summary else {}
