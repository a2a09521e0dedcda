"""A sweep of small cells that can be told apart from outside, for tests of executors."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from benchmark.harness import worker
from benchmark.harness.executors.base import job_of
from benchmark.harness.plan import Planned, plan
from benchmark.harness.runner import Execution, require_complete, run_cells
from benchmark.harness.station import Event
from benchmark.harness.store import read_cell
from benchmark.suites import find
from tests.support.collection import QUERIES, write_collection, write_suite
from tests.support.plugin import installed, write_plugin


@dataclass
class Sweep:
    """Cells of four depths, what an undisturbed run of them on this machine gives, and a log of all queries run."""

    cells: list[Planned]
    expected: dict[str, bytes]
    log: Path
    patch: pytest.MonkeyPatch

    def calls(self) -> list[str]:
        """``depth query`` of every query that was begun since the last look."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [line.partition(" ")[2] for line in lines]

    def check(self, results: Path, repeated: int = 0) -> None:
        """Nothing is missing, nothing there twice, and so many queries were run again at most."""
        for planned in self.cells:
            cell = read_cell(results / planned.slug)
            assert sorted(record.qid for record in cell.records) == sorted(QUERIES)
            assert cell.summary is not None
            assert cell.failure is None
            assert cell.machine is not None
            assert ranking(cell.folder) == self.expected[planned.slug]
        calls = self.calls()
        assert len(set(calls)) == len(self.cells) * len(QUERIES)
        twice = sorted(call for call in set(calls) if calls.count(call) > 1)
        assert len(calls) - len(set(calls)) <= repeated, twice
        assert not list(results.glob(".*.lock")), "locks are left"


@dataclass
class Watch:
    """A `Progress` that counts, and does something once after so many queries."""

    after: int = 0
    action: object = None
    queries: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    started: list[tuple[str, int]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def cell_found(self, planned: Planned) -> None:
        self.found.append(planned.slug)

    def cell_started(self, planned: Planned, done: int) -> None:
        self.started.append((planned.slug, done))

    def query_done(self, planned: Planned, seconds: float, failure: str | None) -> None:
        del seconds, failure
        self.queries.append(planned.slug)
        if len(self.queries) == self.after and callable(self.action):
            self.action()

    def worker_lost(self, planned: Planned, why: str) -> None:
        self.lost.append(f"{planned.slug}: {why}")

    def cell_ended(self, planned: Planned, problem: str | None) -> None:
        del planned, problem


class InProcess:
    """An `Executor` without processes: a cell is run at once, where it is submitted."""

    room = 1
    busy = False

    def __init__(self, results: Path, execution: Execution) -> None:
        self.events: deque[tuple[Planned, Event]] = deque()
        self._results = results
        self._execution = execution

    def submit(self, planned: Planned) -> None:
        job = job_of(planned, self._results, self._execution, 1)
        worker.run(job, lambda event: self.events.append((planned, event)), worker.Stop())

    def hear(self) -> None:
        raise AssertionError("nothing is ever in hand")

    def stop(self) -> None:
        pass

    def kill(self) -> None:
        pass

    def close(self) -> None:
        pass


def ranking(folder: Path) -> bytes:
    """The run file without its header, which names the commit: that may change while a test runs."""
    lines = (folder / "run.trec").read_bytes().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(b"#"))


def children_with(word: str) -> list[psutil.Process]:
    """Processes that this one started, directly or not, whose command line holds a word."""
    found = []
    for child in psutil.Process().children(recursive=True):
        # One that ended and was not waited for yet has no command line.
        with suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            if word in " ".join(child.cmdline()):
                found.append(child)
    return found


def cells_of(suite: Path) -> list[Planned]:
    return plan(find(str(suite)), lambda _: None, typed=str(suite))


@contextmanager
def sweep(root: Path, methods: Sequence[str] = ("faulty",), depths: Sequence[int] = (1, 2, 3, 4)) -> Iterator[Sweep]:
    """Also for processes that are started while it lasts."""
    town = write_collection(root / "town")
    suite = write_suite(root / "small.yaml", town, methods, depth=list(depths))
    log = root / "log"
    with installed(write_plugin(root / "plugins")) as patch:
        cells = cells_of(suite)
        execution = Execution(threads=1)
        executor = InProcess(root / "expected", execution)
        require_complete(run_cells(cells, root / "expected", execution, Watch(), executor))
        expected = {cell.slug: ranking(root / "expected" / cell.slug) for cell in cells}
        patch.setenv("FAULTY_LOG", str(log))
        yield Sweep(cells, expected, log, patch)
