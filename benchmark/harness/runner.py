"""Run planned cells, each in a process of its own, one or several at once, and report."""

from __future__ import annotations

import os
import selectors
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from benchmark.errors import UserError
from benchmark.harness.live import write_plan
from benchmark.harness.plan import Planned
from benchmark.harness.process import WorkerProcess
from benchmark.harness.record import CellFailure
from benchmark.harness.store import CellWriter, read_cell
from benchmark.harness.worker import Job

THREAD_LIMITS = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")
"""Variables that bound the threads of the libraries in a worker that shares the machine with others."""

RETRY = "Run the command again with --retry-failed to try it again."


@dataclass(frozen=True)
class Execution:
    """How cells are run; nothing here is part of a result's identity.

    Attributes:
        threads: that the backbones of all workers together compute with.
        workers: processes at once.
        query_timeout: seconds a query may take before its worker is killed and the query counted as failed.
        retry_failed: run cells again whose worker ended early, and queries that failed.
        accelerators: CUDA devices, as in CUDA_VISIBLE_DEVICES, that workers are spread over; empty: as they come.
        energy: read the device's energy meter; deterministic: hold torch to algorithms that always give the same bytes.
    """

    threads: int
    workers: int = 1
    query_timeout: float | None = None
    retry_failed: bool = False
    accelerators: tuple[str, ...] = ()
    energy: bool = False
    deterministic: bool = False


class Progress(Protocol):
    """Receives what happens; see `benchmark.cli.progress`."""

    def cell_found(self, planned: Planned) -> None:
        """A cell was complete already."""

    def cell_started(self, planned: Planned, done: int) -> None:
        """A worker was started; ``done`` queries of the cell have their line already."""

    def query_done(self, planned: Planned, seconds: float, failure: str | None) -> None:
        """A query has its line."""

    def cell_ended(self, planned: Planned, problem: str | None) -> None:
        """The worker ended."""


@dataclass
class Outcome:
    """What became of the cells.

    Attributes:
        ran, found: cells completed now, and before; problems: by cell, why it is not complete.
        interrupted: a stop was asked for; the rest was not started.
    """

    ran: list[Planned] = field(default_factory=list)
    found: list[Planned] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False


@dataclass
class _Slot:
    """A cell in hand.

    Attributes:
        accelerator: its device, None: as it comes; begun: query that runs, and since when.
        stuck: queries that did not end; overdue: the last of them, until its worker is gone.
        done, problem, fault: what the worker said.
    """

    planned: Planned
    accelerator: str | None
    worker: WorkerProcess
    begun: tuple[str, float] | None = None
    stuck: tuple[str, ...] = ()
    overdue: str | None = None
    done: bool = False
    problem: str | None = None
    fault: dict[str, Any] | None = None


def run_cells(cells: Sequence[Planned], results: Path, execution: Execution, progress: Progress) -> Outcome:
    """Complete every cell; a cell that fails does not stop the others, and is not repeated unless that is asked for.

    Ctrl-C (or SIGTERM) lets every worker finish its query, then stops; a second one kills the workers.
    """
    results.mkdir(parents=True, exist_ok=True)
    write_plan(results, {planned.request.slug: planned.queries for planned in cells})
    with _terminated_is_interrupted():
        return _Runner(cells, results, execution, progress).run()


def require_complete(outcome: Outcome) -> None:
    """UserError naming every cell that could not be completed."""
    if outcome.problems:
        raise UserError([f"{slug}: {problem}" for slug, problem in outcome.problems.items()])


class _Runner:
    def __init__(self, cells: Sequence[Planned], results: Path, execution: Execution, progress: Progress) -> None:
        self._waiting = deque(cells)
        self._results = results
        self._execution = execution
        self._progress = progress
        self._selector = selectors.DefaultSelector()
        self._slots: list[_Slot] = []
        self._outcome = Outcome()

    def run(self) -> Outcome:
        try:
            while True:
                try:
                    if not self._step():
                        return self._outcome
                except KeyboardInterrupt:
                    self._interrupt()
        finally:
            for slot in self._slots:
                slot.worker.close()
            self._selector.close()

    def _step(self) -> bool:
        """Start what there is room for, hear what was said; False when nothing runs any more."""
        while self._waiting and not self._outcome.interrupted and len(self._slots) < self._execution.workers:
            self._begin(self._waiting.popleft())
        if not self._slots:
            return False
        for key, _ in self._selector.select(self._patience()):
            key.data.worker.hear()
        for slot in list(self._slots):
            while slot.worker.events:
                self._take(slot, slot.worker.events.popleft())
            if slot.worker.ended:
                self._end(slot)
        self._kill_overdue()
        return True

    def _begin(self, planned: Planned) -> None:
        """Start a cell's worker, unless it is complete or failed before."""
        try:
            done, failure = self._standing(planned)
        except UserError as error:
            self._failed(planned, str(error))
            return
        if done is None:
            self._outcome.found.append(planned)
            self._progress.cell_found(planned)
        elif failure is not None:
            self._failed(planned, f"failed before: {_in_words(failure)}. {RETRY}")
        else:
            self._progress.cell_started(planned, done)
            accelerator = self._free_accelerator()
            self._add(_Slot(planned, accelerator, self._worker(planned, accelerator)))

    def _standing(self, planned: Planned) -> tuple[int | None, CellFailure | None]:
        """Finished queries of a cell, None when it is complete; and why it failed, unless that is to be forgotten."""
        folder = self._results / planned.request.slug
        if not (folder / "request.json").is_file():
            return 0, None
        cell = read_cell(folder)
        if not self._execution.retry_failed:
            return (None, None) if cell.summary else (len(cell.records), cell.failure)
        good = sum(record.failure is None for record in cell.records)
        return (None if cell.summary and good == len(cell.records) else good), None

    def _worker(self, planned: Planned, accelerator: str | None, stuck: tuple[str, ...] = ()) -> WorkerProcess:
        asked = self._execution
        threads = max(1, asked.threads // asked.workers)
        job = Job(
            request=planned.request,
            options=planned.options,
            backbone=planned.backbone,
            folder=planned.folder,
            collection=planned.collection,
            results=self._results,
            threads=threads,
            command=planned.command,
            timed_out=stuck,
            query_timeout=asked.query_timeout,
            # Once: of a cell whose worker is replaced the failed queries have been run.
            retry_failed=asked.retry_failed and not stuck,
            energy=asked.energy,
            deterministic=asked.deterministic,
        )
        changes: dict[str, str] = {}
        if asked.workers > 1:
            changes |= dict.fromkeys(THREAD_LIMITS, str(threads))
        if accelerator is not None:
            changes["CUDA_VISIBLE_DEVICES"] = accelerator
        return WorkerProcess(job, os.environ | changes if changes else None)

    def _free_accelerator(self) -> str | None:
        """The device that fewest cells in hand are on."""
        busy = Counter(slot.accelerator for slot in self._slots)
        return min(self._execution.accelerators, key=lambda device: busy[device], default=None)

    def _add(self, slot: _Slot) -> None:
        self._slots.append(slot)
        self._selector.register(slot.worker, selectors.EVENT_READ, slot)

    def _remove(self, slot: _Slot) -> None:
        self._slots.remove(slot)
        self._selector.unregister(slot.worker)

    def _take(self, slot: _Slot, event: dict[str, Any]) -> None:
        match event["event"]:
            case "begun":
                slot.begun = event["qid"], time.monotonic()
            case "query":
                slot.begun = None
                self._progress.query_done(slot.planned, event["seconds"], event["failure"])
            case "problems":
                slot.problem = " ".join(event["problems"])
            case "fault":
                slot.fault = event
            case "stopped":
                # Also by a signal that only the worker was sent.
                self._outcome.interrupted = True
            case "done":
                slot.done = True

    def _end(self, slot: _Slot) -> None:
        """The worker is gone: see what became of its cell."""
        self._remove(slot)
        try:
            if slot.done:
                self._outcome.ran.append(slot.planned)
                self._progress.cell_ended(slot.planned, None)
            elif slot.problem:
                self._failed(slot.planned, slot.problem)
            elif self._outcome.interrupted:
                self._progress.cell_ended(slot.planned, None)
            elif slot.overdue is not None:
                stuck = (*slot.stuck, slot.overdue)
                worker = self._worker(slot.planned, slot.accelerator, stuck)
                self._add(_Slot(slot.planned, slot.accelerator, worker, stuck=stuck))
            else:
                self._record(slot)
        finally:
            slot.worker.close()

    def _record(self, slot: _Slot) -> None:
        """Keep in the cell why its worker is gone."""
        failure = slot.worker.failure(slot.fault)
        try:
            with CellWriter(self._results, slot.planned.request) as writer:
                writer.write_failure(failure)
        except (UserError, OSError) as error:
            self._failed(slot.planned, f"{_in_words(failure)}. That could not be recorded: {error}")
        else:
            self._failed(slot.planned, f"{_in_words(failure)}. {RETRY}")

    def _failed(self, planned: Planned, problem: str) -> None:
        self._outcome.problems[planned.request.slug] = problem
        self._progress.cell_ended(planned, problem)

    def _patience(self) -> float | None:
        """Seconds until the next query is overdue; None: no limit."""
        limit = self._execution.query_timeout
        begun = [slot.begun[1] for slot in self._slots if slot.begun and slot.overdue is None]
        return max(0.0, min(begun) + limit - time.monotonic()) if limit is not None and begun else None

    def _kill_overdue(self) -> None:
        limit = self._execution.query_timeout
        for slot in self._slots:
            if limit is None or slot.begun is None or slot.overdue is not None:
                continue
            qid, since = slot.begun
            if time.monotonic() - since >= limit:
                slot.overdue = qid
                slot.worker.kill()

    def _interrupt(self) -> None:
        for slot in self._slots:
            if self._outcome.interrupted:
                slot.worker.kill()
            else:
                slot.worker.stop()
        self._outcome.interrupted = True


def _in_words(failure: CellFailure) -> str:
    message = failure.message if failure.kind in ("killed", "ended") else f"{failure.kind}: {failure.message}"
    return f"{message.removesuffix('.')}. Its last lines: {' | '.join(failure.last_lines) or 'none'}"


@contextmanager
def _terminated_is_interrupted() -> Iterator[None]:
    """SIGTERM does what Ctrl-C does, while the block runs; only a main thread can arrange that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
