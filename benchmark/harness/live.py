"""How far a results folder is, read while it is written; nothing is changed or locked."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal

from pydantic import Field

from benchmark.collections import catalogue
from benchmark.errors import UserError
from benchmark.harness.record import SCHEMA, CellRequest
from benchmark.harness.store import (
    REQUEST,
    lock_file,
    no_results,
    pretty,
    read_cell,
    read_request,
    read_summary,
    write_atomic,
)
from benchmark.schema import Strict

PLAN = "plan.json"

State = Literal["complete", "running", "failed", "stopped", "waiting"]


class Plan(Strict):
    """What the last ``rerankbench run`` into a results folder was asked for."""

    schema_version: int = SCHEMA
    cells: dict[str, int] = Field(default_factory=dict)
    """Number of queries by the cell's folder name, in the order of the run."""


@dataclass(frozen=True)
class Standing:
    """How far a cell is.

    Attributes:
        total: number of queries, None where it is not known.
        seconds: mean of a query, of a complete cell the median; None before the first.
        left: estimated seconds, alone on the machine; None where that cannot be said.
    """

    name: str
    state: State
    done: int
    total: int | None
    failed: int
    seconds: float | None
    left: float | None


@dataclass(frozen=True)
class Whole:
    """All cells together; ``rate`` in queries a second, ``left`` in seconds, for as many workers as run now."""

    cells: int
    complete: int
    done: int
    total: int | None
    failed: int
    rate: float | None
    left: float | None


def write_plan(results: Path, queries: Mapping[str, int]) -> None:
    """Say what a run is about to do, unless that is part of what stands there (a suite's cell run again, say)."""
    if not queries.items() <= read_plan(results).items():
        write_atomic(results / PLAN, pretty(Plan(cells=dict(queries)).model_dump(mode="json")))


def read_plan(results: Path) -> dict[str, int]:
    """Number of queries by cell, of the last run; empty before the first."""
    path = results / PLAN
    return Plan.model_validate_json(path.read_bytes()).cells if path.is_file() else {}


def standings(results: Path, running: Set[str] | None = None) -> list[Standing]:
    """Every cell of the last plan, in its order, then those that were there before.

    Args:
        running: cells that are written now, where locks in the folder do not tell (it is a copy); None: they do.

    Raises:
        UserError: no such folder, or a cell that cannot be read.
    """
    planned = read_plan(results)
    cells = _glances(results)
    held = _held_locks()
    paces = _paces(cells.values())
    found = []
    for name in dict.fromkeys([*planned, *cells]):
        cell = cells.get(name)
        total = planned.get(name)
        if cell is None:
            found.append(Standing(name, "waiting", 0, total, 0, None, _times(total, paces.get(None))))
            continue
        total = cell.done if cell.complete else total or cell.catalogued
        state: State = "stopped"
        if cell.complete:
            state = "complete"
        elif name in running if running is not None else _is_held(results, name, held):
            state = "running"
        elif cell.ended_early:
            state = "failed"
        pace = cell.seconds or paces.get(cell.kind) or paces.get(None)
        left = 0.0 if cell.complete else _times(None if total is None else max(0, total - cell.done), pace)
        found.append(Standing(name, state, cell.done, total, cell.failed, cell.seconds, left))
    return found


@dataclass(frozen=True)
class _Glance:
    """What is needed of a cell, and no more, since there may be very many; of a complete one no lines are read.

    Attributes:
        kind: what makes a query cost about the same: the method on the backbone.
        seconds: mean of a query, of a complete cell the median; None where no query was timed.
        catalogued: number of queries of an incomplete cell's collection, where the catalogue knows.
    """

    kind: str
    complete: bool
    ended_early: bool
    done: int
    failed: int
    seconds: float | None
    catalogued: int | None = None


def _glances(results: Path) -> dict[str, _Glance]:
    """Every cell by folder name; UserError naming every unreadable one."""
    if not results.is_dir():
        raise no_results(results)
    found: dict[str, _Glance] = {}
    problems: list[str] = []
    for path in sorted(results.glob(f"*/{REQUEST}")):
        try:
            found[path.parent.name] = _glance(path.parent)
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    return found


def _glance(folder: Path) -> _Glance:
    summary = read_summary(folder)
    if summary:
        seconds = summary.latency.median if summary.latency else None
        return _Glance(_kind(read_request(folder)), True, False, summary.queries, summary.failed, seconds)
    cell = read_cell(folder)
    mean = fmean(record.seconds for record in cell.records) if cell.records else None
    failed = sum(record.failure is not None for record in cell.records)
    request = cell.request
    return _Glance(
        _kind(request), False, cell.failure is not None, len(cell.records), failed, mean, _catalogued(request)
    )


def whole(cells: list[Standing]) -> Whole:
    """The sum over cells. A failed cell is not waited for: it is run again on request only."""
    totals = [cell.total for cell in cells]
    running = [cell for cell in cells if cell.state == "running"]
    lefts = [cell.left for cell in cells if cell.state != "failed"]
    rate = sum(1 / cell.seconds for cell in running if cell.seconds) or None
    left = None
    if None not in lefts:
        # Cells side by side, as many as run now; none ends before its own queries are done.
        alone = [value for value in lefts if value is not None]
        left = max([sum(alone) / max(1, len(running)), *(cell.left or 0.0 for cell in running)])
    return Whole(
        cells=len(cells),
        complete=sum(cell.state == "complete" for cell in cells),
        done=sum(cell.done for cell in cells),
        total=None if None in totals else sum(total for total in totals if total is not None),
        failed=sum(cell.failed for cell in cells),
        rate=rate,
        left=left,
    )


def _kind(request: CellRequest) -> str:
    return f"{request.method.name} {request.backbone.name if request.backbone else ''}"


def _paces(cells: Iterable[_Glance]) -> dict[str | None, float]:
    """Seconds a query by kind of cell, and of all under None."""
    sums: dict[str | None, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
    for cell in cells:
        for key in (cell.kind, None) if cell.seconds is not None and cell.done else ():
            seconds, queries = sums[key]
            sums[key] = seconds + (cell.seconds or 0.0) * cell.done, queries + cell.done
    return {key: seconds / queries for key, (seconds, queries) in sums.items()}


def _times(queries: int | None, pace: float | None) -> float | None:
    return None if queries is None or (pace is None and queries) else queries * (pace or 0.0)


def _catalogued(request: CellRequest) -> int | None:
    spec = catalogue.entries().get(request.collection.name)
    split = spec.splits.get(request.collection.split) if spec else None
    return split.queries if split and split.sha256 == request.collection.revision else None


def _is_held(results: Path, name: str, held: set[str] | None) -> bool:
    """Whether a worker holds the cell's lock; where the system does not tell, whether there is a lock file."""
    try:
        found = lock_file(results, name).stat()
    except FileNotFoundError:
        return False
    return held is None or f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}" in held


def _held_locks() -> set[str] | None:
    """``device:inode`` of every locked file of this machine, None where the system does not tell."""
    try:
        lines = Path("/proc/locks").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return {field for line in lines for field in line.split() if field.count(":") == 2}
