"""Run planned cells one after the other, each in a process of its own, and report."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from benchmark.errors import UserError
from benchmark.harness.plan import Planned
from benchmark.harness.store import read_cell
from benchmark.harness.worker import Job

LAST_LINES = 5
"""Of a crashed worker's standard error."""


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


def run_cells(cells: Sequence[Planned], results: Path, threads: int, progress: Progress) -> Outcome:
    """Complete every cell; a cell that fails does not stop the others.

    Ctrl-C lets the worker finish its query, then stops; a second Ctrl-C kills the worker.
    """
    outcome = Outcome()
    results.mkdir(parents=True, exist_ok=True)
    for planned in cells:
        try:
            done = _lines(results / planned.request.slug)
        except UserError as error:
            _failed(outcome, planned, str(error), progress)
            continue
        if done is None:
            outcome.found.append(planned)
            progress.cell_found(planned)
            continue
        progress.cell_started(planned, done)
        told = _run_cell(planned, results, threads, progress)
        if told.stopped:
            progress.cell_ended(planned, None)
            outcome.interrupted = True
            return outcome
        if told.problem:
            _failed(outcome, planned, told.problem, progress)
        else:
            outcome.ran.append(planned)
            progress.cell_ended(planned, None)
    return outcome


def _failed(outcome: Outcome, planned: Planned, problem: str, progress: Progress) -> None:
    outcome.problems[planned.request.slug] = problem
    progress.cell_ended(planned, problem)


def _lines(folder: Path) -> int | None:
    """Finished queries of a cell, None when it is complete."""
    if not (folder / "request.json").is_file():
        return 0
    cell = read_cell(folder)
    return None if cell.summary else len(cell.records)


@dataclass
class _Told:
    """What a worker has said so far.

    Attributes:
        done: the cell is complete; stopped: a stop was asked for; problem: why the cell is not complete.
    """

    done: bool = False
    stopped: bool = False
    problem: str | None = None


def _run_cell(planned: Planned, results: Path, threads: int, progress: Progress) -> _Told:
    job = Job(
        request=planned.request,
        options=planned.options,
        backbone=planned.backbone,
        folder=planned.folder,
        collection=planned.collection,
        results=results,
        threads=threads,
        command=planned.command,
    )
    told = _Told()
    with tempfile.TemporaryFile() as errors:
        # -P: a folder named "methods" where the user stands must not hide ours.
        worker = subprocess.Popen(
            [sys.executable, "-P", "-m", "benchmark.harness.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        try:
            _converse(worker, job, told, planned, progress)
        finally:
            if worker.poll() is None:
                worker.kill()
                worker.wait()
        if not (told.done or told.stopped or told.problem):
            told.problem = _last_words(worker.returncode, errors)
    return told


def _converse(worker: subprocess.Popen[bytes], job: Job, told: _Told, planned: Planned, progress: Progress) -> None:
    """Give the worker its job and listen until it ends."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    # A worker that died at once does not read; its exit status says more than the broken pipe.
    with suppress(BrokenPipeError):
        worker.stdin.write(job.model_dump_json().encode("utf-8"))
        worker.stdin.close()
    while True:
        try:
            for event in _events(worker.stdout):
                match event["event"]:
                    case "query":
                        progress.query_done(planned, event["seconds"], event["failure"])
                    case "problems":
                        told.problem = " ".join(event["problems"])
                    case "stopped":
                        told.stopped = True
                    case "done":
                        told.done = True
            worker.wait()
            return
        except KeyboardInterrupt:
            if told.stopped:
                worker.kill()
            told.stopped = True
            worker.terminate()


def _events(stream: IO[bytes]) -> Iterator[dict[str, Any]]:
    for line in stream:
        # Of a worker that is killed the last line may be torn.
        with suppress(json.JSONDecodeError):
            yield json.loads(line)


def _last_words(status: int, errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode("utf-8", "replace").strip().splitlines()[-LAST_LINES:]
    died = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    return f"the worker {died} before the cell was complete. Its last lines: {' | '.join(lines) or 'none'}"


def require_complete(outcome: Outcome) -> None:
    """UserError naming every cell that could not be completed."""
    if outcome.problems:
        raise UserError([f"{slug}: {problem}" for slug, problem in outcome.problems.items()])
