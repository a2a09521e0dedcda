"""What the runner asks of whatever runs cells: take one, say what happens, stop."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmark.harness.job import Job
from benchmark.harness.plan import Planned
from benchmark.harness.station import Event


@dataclass(frozen=True)
class Execution:
    """How cells are run; nothing here is part of a result's identity.

    Attributes:
        threads: that the backbones of all workers together compute with.
        workers: processes at once.
        query_timeout: seconds a query may take before its worker is killed and the query counted as failed.
        retry_failed: run cells again whose worker ended early, and queries that failed.
        accelerators: CUDA devices, as in CUDA_VISIBLE_DEVICES, that workers are spread over, if several; empty:
            as they come.
        energy: read the device's energy meter; deterministic: hold torch to algorithms that always give the same bytes.
    """

    threads: int
    workers: int = 1
    query_timeout: float | None = None
    retry_failed: bool = False
    accelerators: tuple[str, ...] = ()
    energy: bool = False
    deterministic: bool = False


class Executor(Protocol):
    """Runs cells, several at once. Every cell's last event is one of `station.LAST`.

    Attributes:
        events: heard and not yet taken.
    """

    events: deque[tuple[Planned, Event]]

    @property
    def room(self) -> int:
        """Cells that can be submitted now."""

    @property
    def busy(self) -> bool:
        """Whether a cell is in hand."""

    def submit(self, planned: Planned) -> None:
        """Take a cell; UserError where another process writes it."""

    def hear(self) -> None:
        """Take in what happened since; waits until something did, or for a short while."""

    def stop(self) -> None:
        """Have the queries in hand finished and every cell end; nothing is submitted after it."""

    def kill(self) -> None:
        """End every cell now."""

    def close(self) -> None:
        """End what runs still, and give everything back."""


def job_of(planned: Planned, results: Path, execution: Execution, threads: int) -> Job:
    """What a worker is told of a cell.

    Args:
        threads: of this worker.
    """
    return Job.of(
        planned,
        results,
        threads,
        query_timeout=execution.query_timeout,
        retry_failed=execution.retry_failed,
        energy=execution.energy,
        deterministic=execution.deterministic,
    )
