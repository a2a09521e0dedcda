"""Bring planned cells to completion with an executor, and report."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmark.errors import UserError
from benchmark.harness.executors.base import Execution, Executor
from benchmark.harness.executors.local import LocalExecutor
from benchmark.harness.live import write_plan
from benchmark.harness.plan import Planned
from benchmark.harness.record import CellFailure
from benchmark.harness.station import Event
from benchmark.harness.store import REQUEST, SUMMARY, CellWriter, read_cell, read_summary

__all__ = ["Execution", "Mirror", "Outcome", "Progress", "require_complete", "run_cells"]

RETRY = "Run the command again with --retry-failed to try it again."


class Progress(Protocol):
    """Receives what happens; see `benchmark.cli.progress`."""

    def cell_found(self, planned: Planned) -> None:
        """A cell was complete already."""

    def cell_started(self, planned: Planned, done: int) -> None:
        """A worker was started; ``done`` queries of the cell have their line already."""

    def query_done(self, planned: Planned, seconds: float, failure: str | None) -> None:
        """A query has its line."""

    def worker_lost(self, planned: Planned, why: str) -> None:
        """A worker on another machine was lost with the cell in hand, which is sent out again or will have failed."""

    def cell_ended(self, planned: Planned, problem: str | None) -> None:
        """The worker ended."""


class Mirror(Protocol):
    """Keeps results that are made in a folder of this machine where they belong; see `benchmark.harness.mirror`."""

    def keep_plan(self) -> None:
        """Copy what the run is about to do."""

    def claim(self, planned: Planned) -> None:
        """Be the only one to write a cell, and fetch what others have of it; UserError where somebody else does."""

    def keep(self, planned: Planned) -> None:
        """Copy a cell's new lines, if that was not done lately."""

    def release(self, planned: Planned) -> None:
        """Copy all that is new of a cell, and let others write it."""


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


def run_cells(
    cells: Sequence[Planned],
    results: Path,
    execution: Execution,
    progress: Progress,
    executor: Executor | None = None,
    mirror: Mirror | None = None,
) -> Outcome:
    """Complete every cell; a cell that fails does not stop the others, and is not repeated unless that is asked for.

    Ctrl-C (or SIGTERM) lets every worker finish its query, then stops; a second one kills the workers.

    Args:
        executor: what runs the cells, and is closed in the end; None: worker processes of this machine.
        mirror: keeps ``results`` where they belong, where that is no folder of this machine.
    """
    results.mkdir(parents=True, exist_ok=True)
    write_plan(results, {planned.slug: planned.queries for planned in cells})
    if mirror:
        mirror.keep_plan()
    with terminated_is_interrupted():
        chosen = executor or LocalExecutor(results, execution)
        return _Runner(cells, results, execution, progress, chosen, mirror).run()


def require_complete(outcome: Outcome) -> None:
    """UserError naming every cell that could not be completed."""
    if outcome.problems:
        raise UserError([f"{slug}: {problem}" for slug, problem in outcome.problems.items()])


class _Runner:
    def __init__(
        self,
        cells: Sequence[Planned],
        results: Path,
        execution: Execution,
        progress: Progress,
        executor: Executor,
        mirror: Mirror | None,
    ) -> None:
        self._waiting = deque(cells)
        self._results = results
        self._retry_failed = execution.retry_failed
        self._progress = progress
        self._executor = executor
        self._mirror = mirror
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
            self._executor.close()

    def _step(self) -> bool:
        """Take what was said, start what there is room for, hear more; False when nothing runs any more."""
        while self._executor.events:
            self._take(*self._executor.events.popleft())
        while self._waiting and not self._outcome.interrupted and self._executor.room > 0:
            self._begin(self._waiting.popleft())
        if not self._executor.busy:
            return bool(self._executor.events or (self._waiting and not self._outcome.interrupted))
        self._executor.hear()
        return True

    def _begin(self, planned: Planned) -> None:
        """Start a cell, unless it is complete or failed before."""
        try:
            done, failure = self._standing(planned)
            if self._mirror and done is not None and failure is None:
                # Somebody elsewhere may have gone on with it since it was looked at.
                self._mirror.claim(planned)
                done, failure = self._standing(planned)
        except UserError as error:
            self._failed(planned, str(error))
            return
        if done is None:
            problem = self._released(planned)
            if problem:
                self._failed(planned, problem)
                return
            self._outcome.found.append(planned)
            self._progress.cell_found(planned)
        elif failure is not None:
            self._failed(planned, f"failed before: {_in_words(failure)}. {RETRY}")
        else:
            self._progress.cell_started(planned, done)
            try:
                self._executor.submit(planned)
            except UserError as error:
                self._failed(planned, str(error))

    def _standing(self, planned: Planned) -> tuple[int | None, CellFailure | None]:
        """Finished queries of a cell, None when it is complete; and why it failed, unless that is to be forgotten."""
        folder = self._results / planned.slug
        if not (folder / REQUEST).is_file():
            return 0, None
        if not self._retry_failed and read_summary(folder):
            return None, None
        cell = read_cell(folder)
        if not self._retry_failed:
            return (None, None) if cell.summary else (len(cell.records), cell.failure)
        good = sum(record.failure is None for record in cell.records)
        return (None if cell.summary and good == len(cell.records) else good), None

    def _take(self, planned: Planned, event: Event) -> None:
        match event["event"]:
            case "query":
                self._progress.query_done(planned, event["seconds"], event["failure"])
                if self._mirror:
                    self._mirror.keep(planned)
            case "lost":
                self._progress.worker_lost(planned, event["why"])
            case "problems":
                self._failed(planned, " ".join(event["problems"]))
            case "failed" if (self._results / planned.slug / SUMMARY).is_file():
                # Its worker died after the last thing it had to do.
                self._outcome.ran.append(planned)
                self._ended(planned, None)
            case "failed" if not self._outcome.interrupted:
                self._record(planned, CellFailure.model_validate(event["failure"]))
            case "failed":
                self._ended(planned, None)
            case "stopped":
                # Also by a signal that only the worker was sent.
                self._outcome.interrupted = True
                self._ended(planned, None)
            case "done":
                problem = self._released(planned)
                if problem:
                    self._failed(planned, problem)
                else:
                    self._outcome.ran.append(planned)
                    self._ended(planned, None)

    def _record(self, planned: Planned, failure: CellFailure) -> None:
        """Keep in the cell why its worker is gone."""
        try:
            with CellWriter(self._results, planned.request) as writer:
                writer.write_failure(failure)
        except (UserError, OSError) as error:
            self._failed(planned, f"{_in_words(failure)}. That could not be recorded: {error}")
        else:
            self._failed(planned, f"{_in_words(failure)}. {RETRY}")

    def _failed(self, planned: Planned, problem: str) -> None:
        self._outcome.problems[planned.slug] = problem
        self._ended(planned, problem)

    def _ended(self, planned: Planned, problem: str | None) -> None:
        also = self._released(planned)
        if also and problem is None:
            problem = self._outcome.problems[planned.slug] = also
        self._progress.cell_ended(planned, problem)

    def _released(self, planned: Planned) -> str | None:
        """Why what is new of a cell could not be copied to where it belongs."""
        try:
            if self._mirror:
                self._mirror.release(planned)
        except UserError as error:
            return str(error)
        return None

    def _interrupt(self) -> None:
        self._executor.kill() if self._outcome.interrupted else self._executor.stop()
        self._outcome.interrupted = True


def _in_words(failure: CellFailure) -> str:
    message = failure.message if failure.kind in ("killed", "ended") else f"{failure.kind}: {failure.message}"
    if failure.queries:
        message = f"{message.removesuffix('.')}. It has no line of {', '.join(failure.queries)}"
    return f"{message.removesuffix('.')}. Its last lines: {' | '.join(failure.last_lines) or 'none'}"


@contextmanager
def terminated_is_interrupted() -> Iterator[None]:
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
