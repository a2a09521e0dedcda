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
from benchmark.harness.record import SCHEMA, CellRequest
from benchmark.harness.store import Cell, lock_file, pretty, read_cells, write_atomic
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
        total: number of queries, None where it is not known; seconds: mean of a query, None before the first.
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
    cells = {cell.folder.name: cell for cell in read_cells(results)}
    held = _held_locks()
    paces = _paces(cells.values())
    found = []
    for name in dict.fromkeys([*planned, *cells]):
        cell = cells.get(name)
        total = planned.get(name)
        if cell is None:
            found.append(Standing(name, "waiting", 0, total, 0, None, _times(total, paces.get(None))))
            continue
        total = cell.summary.queries if cell.summary else total or _catalogued(cell.request)
        done = len(cell.records)
        seconds = fmean(record.seconds for record in cell.records) if cell.records else None
        state: State = "stopped"
        if cell.summary:
            state = "complete"
        elif name in running if running is not None else _is_held(results, name, held):
            state = "running"
        elif cell.failure:
            state = "failed"
        pace = seconds or paces.get(_kind(cell)) or paces.get(None)
        left = 0.0 if cell.summary else _times(None if total is None else max(0, total - done), pace)
        failed = sum(record.failure is not None for record in cell.records)
        found.append(Standing(name, state, done, total, failed, seconds, left))
    return found


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


def _kind(cell: Cell) -> str:
    """What makes a query cost about the same: the method on the backbone."""
    backbone = cell.request.backbone.name if cell.request.backbone else ""
    return f"{cell.request.method.name} {backbone}"


def _paces(cells: Iterable[Cell]) -> dict[str | None, float]:
    """Mean seconds a query by kind of cell, and of all under None."""
    seconds: dict[str | None, list[float]] = defaultdict(list)
    for cell in cells:
        for key in (_kind(cell), None):
            seconds[key] += [record.seconds for record in cell.records]
    return {key: fmean(values) for key, values in seconds.items() if values}


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
