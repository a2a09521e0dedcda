"""Run planned cells one after the other, each in a process of its own, and report."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
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
        done = _lines(results / planned.request.slug)
        if done is None:
            outcome.found.append(planned)
            progress.cell_found(planned)
            continue
        progress.cell_started(planned, done)
        problem, interrupted = _run_cell(planned, results, threads, progress)
        progress.cell_ended(planned, problem)
        if interrupted:
            outcome.interrupted = True
            return outcome
        if problem:
            outcome.problems[planned.request.slug] = problem
        else:
            outcome.ran.append(planned)
    return outcome


def _lines(folder: Path) -> int | None:
    """Finished queries of a cell, None when it is complete."""
    if not (folder / "request.json").is_file():
        return 0
    cell = read_cell(folder)
    return None if cell.summary else len(cell.records)


def _run_cell(planned: Planned, results: Path, threads: int, progress: Progress) -> tuple[str | None, bool]:
    """``(problem, interrupted)`` of one worker."""
    job = Job(
        request=planned.request,
        backbone=planned.backbone,
        folder=planned.folder,
        collection=planned.collection,
        results=results,
        threads=threads,
        command=planned.command,
    )
    with tempfile.TemporaryFile() as errors:
        worker = subprocess.Popen(
            [sys.executable, "-m", "benchmark.harness.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(job.model_dump_json().encode("utf-8"))
        worker.stdin.close()
        reported: list[str] = []
        interrupted = False
        events = _events(worker.stdout)
        while True:
            try:
                event = next(events, None)
                if event is None:
                    break
                match event["event"]:
                    case "query":
                        progress.query_done(planned, event["seconds"], event["failure"])
                    case "problems":
                        reported = event["problems"]
                    case "stopped":
                        interrupted = True
            except KeyboardInterrupt:
                if interrupted:
                    worker.kill()
                interrupted = True
                worker.terminate()
                events = _events(worker.stdout)
        status = worker.wait()
        if interrupted:
            return None, True
        if reported:
            return " ".join(reported), False
        if status != 0:
            errors.seek(0)
            lines = errors.read().decode("utf-8", "replace").strip().splitlines()[-LAST_LINES:]
            died = f"killed by signal {-status}" if status < 0 else f"ended with status {status}"
            return f"the worker {died}. Its last lines: {' | '.join(lines) or 'none'}", False
    return None, False


def _events(stream: IO[bytes]) -> Iterator[dict[str, Any]]:
    for line in stream:
        yield json.loads(line)


def require_complete(outcome: Outcome) -> None:
    """UserError naming every cell that could not be completed."""
    if outcome.problems:
        raise UserError([f"{slug}: {problem}" for slug, problem in outcome.problems.items()])
