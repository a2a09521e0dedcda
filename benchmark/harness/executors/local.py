"""Cells in worker processes of this machine, which write the store themselves."""

from __future__ import annotations

import os
import selectors
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from benchmark.harness.executors.base import Execution, job_of
from benchmark.harness.plan import Planned
from benchmark.harness.sharing import share
from benchmark.harness.station import Event, Station


@dataclass
class _Slot:
    station: Station
    planned: Planned


class LocalExecutor:
    """See `base.Executor`; as many stations as workers, spread over the accelerators.

    Args:
        results: folder of all cells.
    """

    def __init__(self, results: Path, execution: Execution) -> None:
        self.events: deque[tuple[Planned, Event]] = deque()
        self._results = results
        self._execution = execution
        self._threads = max(1, execution.threads // execution.workers)
        self._free = [Station(self._environment(number)) for number in reversed(range(execution.workers))]
        self._slots: list[_Slot] = []

    @property
    def room(self) -> int:
        """See `base.Executor`."""
        return len(self._free)

    @property
    def busy(self) -> bool:
        """See `base.Executor`."""
        return bool(self._slots)

    def submit(self, planned: Planned) -> None:
        """See `base.Executor`."""
        station = self._free.pop()
        self._slots.append(_Slot(station, planned))
        station.begin(job_of(planned, self._results, self._execution, self._threads))

    def hear(self) -> None:
        """See `base.Executor`."""
        limits = [left for slot in self._slots if (left := slot.station.patience()) is not None]
        with selectors.DefaultSelector() as selector:
            for slot in self._slots:
                selector.register(slot.station, selectors.EVENT_READ, slot.station)
            for key, _ in selector.select(min(limits, default=None)):
                key.data.hear()
        for slot in list(self._slots):
            slot.station.kill_overdue()
            while slot.station.events:
                self.events.append((slot.planned, slot.station.events.popleft()))
            if not slot.station.busy:
                self._slots.remove(slot)
                self._free.append(slot.station)

    def stop(self) -> None:
        """See `base.Executor`."""
        for slot in self._slots:
            slot.station.stop()

    def kill(self) -> None:
        """See `base.Executor`."""
        for slot in self._slots:
            slot.station.kill()

    def close(self) -> None:
        """See `base.Executor`."""
        for station in [*self._free, *(slot.station for slot in self._slots)]:
            station.close()

    def _environment(self, number: int) -> dict[str, str] | None:
        if self._execution.workers == 1:
            return None
        return os.environ | share(self._threads, number, self._execution.accelerators)
