"""Cells in processes of their own: complete, found, killed, stopped, resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmark.errors import UserError
from benchmark.harness.plan import Planned, plan
from benchmark.harness.record import CellSummary
from benchmark.harness.runner import Execution, require_complete, run_cells
from benchmark.harness.store import read_cell
from benchmark.suites import find
from tests.support.collection import QUERIES, write_collection, write_suite
from tests.support.command import SCRIPT
from tests.support.plugin import installed, write_plugin

ONE = Execution(threads=1)
RETRY = Execution(threads=1, retry_failed=True)


@dataclass
class Seen:
    """A `Progress` that remembers."""

    found: list[str] = field(default_factory=list)
    started: list[tuple[str, int]] = field(default_factory=list)
    queries: list[tuple[str, str | None]] = field(default_factory=list)
    ended: list[tuple[str, str | None]] = field(default_factory=list)

    def cell_found(self, planned: Planned) -> None:
        self.found.append(name_of(planned))

    def cell_started(self, planned: Planned, done: int) -> None:
        self.started.append((name_of(planned), done))

    def query_done(self, planned: Planned, seconds: float, failure: str | None) -> None:
        assert seconds >= 0
        self.queries.append((name_of(planned), failure))

    def worker_lost(self, planned: Planned, why: str) -> None:
        raise AssertionError(f"{name_of(planned)}: {why}")

    def cell_ended(self, planned: Planned, problem: str | None) -> None:
        self.ended.append((name_of(planned), problem))


@dataclass
class Undisturbed:
    """A run of three cells from start to end, with a method that prints and fails, and its cells by name."""

    town: Path
    suite: Path
    results: Path
    cells: dict[str, Planned]
    seen: Seen
    patch: pytest.MonkeyPatch

    def folder(self, name: str, results: Path | None = None) -> Path:
        return (results or self.results) / self.cells[name].request.slug


def name_of(planned: Planned) -> str:
    return f"{planned.request.method.name}:{planned.request.method.preset}"


def no_backbone(_: object) -> Path:
    raise AssertionError("no method here needs a backbone")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undisturbed]:
    root = tmp_path_factory.mktemp("runner")
    town = write_collection(root / "town")
    suite = write_suite(root / "small.yaml", town, ["faulty", "first-stage", "faulty:picky"])
    # Folders where the user stands, named as our packages are, must not matter.
    for name in ("benchmark", "methods"):
        (root / name).mkdir()
        (root / name / "__init__.py").write_text("raise ImportError('the wrong package')")
    with installed(write_plugin(root / "plugins")) as patch:
        patch.chdir(root)
        cells = plan(find(str(suite)), no_backbone, typed=str(suite))
        seen = Seen()
        patch.setenv("FAULTY_PRINT", "1")
        outcome = run_cells(cells, root / "results", ONE, seen)
        patch.delenv("FAULTY_PRINT")
        require_complete(outcome)
        assert [name_of(cell) for cell in outcome.ran] == ["faulty:default", "first-stage:default", "faulty:picky"]
        by_name = {name_of(cell): cell for cell in cells}
        yield Undisturbed(town, suite, root / "results", by_name, seen, patch)


def test_every_query_is_reported_and_kept(undisturbed: Undisturbed) -> None:
    """Also by a method that prints on standard output, where the events go."""
    assert undisturbed.seen.started == [(name, 0) for name in undisturbed.cells]
    assert undisturbed.seen.ended == [(name, None) for name in undisturbed.cells]
    for name in undisturbed.cells:
        assert sum(cell == name for cell, _ in undisturbed.seen.queries) == len(QUERIES)
        cell = read_cell(undisturbed.folder(name))
        assert [record.qid for record in cell.records] == list(QUERIES)
        assert cell.summary is not None
        assert sorted(path.name for path in cell.folder.iterdir()) == [
            "machine.json",
            "queries.jsonl",
            "request.json",
            "run.trec",
            "summary.json",
        ]
    assert not list(undisturbed.results.glob(".*")), "locks are left"


def test_quality_is_that_of_the_method(undisturbed: Undisturbed) -> None:
    """The relevant document is third of four: third as given, second when reversed."""
    assert mean_of(undisturbed, "first-stage:default", "MRR@10") == pytest.approx(1 / 3)
    assert mean_of(undisturbed, "faulty:default", "MRR@10") == pytest.approx(1 / 2)


def test_failed_queries_are_recorded_and_count_nothing(undisturbed: Undisturbed) -> None:
    cell = read_cell(undisturbed.folder("faulty:picky"))
    failures = {record.qid: record.failure for record in cell.records if record.failure}
    assert {qid: (failure.type, failure.message) for qid, failure in failures.items()} == {
        "q2": ("RuntimeError", "no [/such] [thing] as this"),
        "q3": ("QueryError", "too long by 3"),
        "q4": ("QueryError", "scores at positions [3] are not finite (nan)"),
        "q5": ("QueryError", "the method returned 3 scores for 4 candidates"),
    }
    assert all(record.scores is None and record.ranking() == [] for record in cell.records if record.failure)
    assert [failure for name, failure in undisturbed.seen.queries if failure and name == "faulty:picky"] == [
        failure.message for failure in failures.values()
    ]
    assert cell.summary is not None
    assert cell.summary.failed == 4
    assert cell.summary.metrics.per_query["MRR@10"] == {
        "q1": 0.5,
        "q2": 0.0,
        "q3": 0.0,
        "q4": 0.0,
        "q5": 0.0,
        "q6": 0.5,
    }
    run = (cell.folder / "run.trec").read_text()
    ranked = {line.split()[0] for line in run.splitlines() if not line.startswith("#")}
    assert ranked == {"q1", "q6"}


def test_running_again_finds_everything_and_repeats_nothing(
    undisturbed: Undisturbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", None)
    files = sorted(path for path in undisturbed.results.rglob("*") if path.is_file())
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in files]
    seen = Seen()
    outcome = run_cells(list(undisturbed.cells.values()), undisturbed.results, ONE, seen)
    assert [name_of(cell) for cell in outcome.found] == seen.found == list(undisturbed.cells)
    assert (outcome.ran, outcome.problems, outcome.interrupted, seen.queries) == ([], {}, False, [])
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in files] == before
    assert sorted(path for path in undisturbed.results.rglob("*") if path.is_file()) == files


def test_a_killed_worker_costs_one_query_and_no_other_cell(undisturbed: Undisturbed, tmp_path: Path) -> None:
    cells = [undisturbed.cells["faulty:default"], undisturbed.cells["first-stage:default"]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAULTY_KILL_AT", "3")
        outcome = run_cells(cells, tmp_path, ONE, Seen())
    assert [name_of(cell) for cell in outcome.ran] == ["first-stage:default"]
    (problem,) = outcome.problems.values()
    assert "was killed by signal 9" in problem
    assert "about to be killed" in problem
    with pytest.raises(UserError, match=rf"{cells[0].request.slug}: the worker was killed"):
        require_complete(outcome)
    folder = undisturbed.folder("faulty:default", tmp_path)
    lines = (folder / "queries.jsonl").read_bytes()
    # The worker after it died, too, at the third query that was left.
    assert [json.loads(line)["qid"] for line in lines.splitlines()] == ["q1", "q2", "q4", "q5"]
    assert not (folder / "summary.json").exists()

    failure = read_cell(folder).failure
    assert failure is not None
    assert failure.kind == "killed"
    assert failure.message.startswith("the worker was killed by signal 9 (SIGKILL")
    assert failure.last_lines == ("about to be killed",)
    assert failure.queries == ("q3", "q6")

    again = run_cells(cells, tmp_path, ONE, Seen())
    (problem,) = again.problems.values()
    assert problem.startswith("failed before: the worker was killed by signal 9")
    assert problem.endswith("Run the command again with --retry-failed to try it again.")
    assert (folder / "queries.jsonl").read_bytes() == lines, "it is tried again on request only"

    seen = Seen()
    outcome = run_cells(cells, tmp_path, RETRY, seen)
    require_complete(outcome)
    assert not (folder / "failure.json").exists()
    assert seen.started == [("faulty:default", 4)]
    assert seen.found == ["first-stage:default"]
    assert len(seen.queries) == 2
    assert (folder / "queries.jsonl").read_bytes().startswith(lines)
    assert (folder / "run.trec").read_bytes() == (undisturbed.folder("faulty:default") / "run.trec").read_bytes()
    assert metrics(folder) == metrics(undisturbed.folder("faulty:default"))


def test_a_method_that_ends_the_process_is_a_failure(undisturbed: Undisturbed, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAULTY_EXIT_AT", "2")
        outcome = run_cells([undisturbed.cells["faulty:default"]], tmp_path, ONE, Seen())
    assert outcome.ran == []
    (problem,) = outcome.problems.values()
    assert problem.startswith("the worker ended with status 0 before the cell was complete")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "kind"),
    [("memory", "out of memory"), pytest.param("device", "device fault", marks=pytest.mark.slow)],
)
def test_a_fault_of_the_machine_is_the_cells_failure_and_no_querys(
    undisturbed: Undisturbed, tmp_path: Path, error: str, kind: str
) -> None:
    cells = [undisturbed.cells["faulty:default"], undisturbed.cells["first-stage:default"]]
    folder = undisturbed.folder("faulty:default", tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAULTY_FAULT_AT", f"{error} {QUERIES['q3']}")
        for execution in (ONE, RETRY):
            outcome = run_cells(cells, tmp_path, execution, Seen())
            cell = read_cell(folder)
            assert [record.qid for record in cell.records] == ["q1", "q2", "q4", "q5", "q6"], "one query was lost"
            assert all(record.failure is None for record in cell.records)
            assert cell.failure is not None
            assert (cell.failure.kind, cell.failure.queries) == (kind, ("q3",))
            assert any("method.py" in line for line in cell.failure.last_lines)
            assert not any(str(undisturbed.town.parent) in line for line in cell.failure.last_lines)
            (problem,) = outcome.problems.values()
            assert ". It has no line of q3. Its last lines: " in problem
    assert [name_of(cell) for cell in outcome.found] == ["first-stage:default"]
    require_complete(run_cells(cells, tmp_path, RETRY, Seen()))
    assert (folder / "run.trec").read_bytes() == (undisturbed.folder("faulty:default") / "run.trec").read_bytes()


def test_a_cell_whose_workers_get_nowhere_is_given_up(undisturbed: Undisturbed, tmp_path: Path) -> None:
    cells = [undisturbed.cells["faulty:default"]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAULTY_FAULT_AT", "memory 1")
        run_cells(cells, tmp_path, ONE, Seen())
    cell = read_cell(undisturbed.folder("faulty:default", tmp_path))
    assert cell.records == ()
    assert cell.failure is not None
    assert cell.failure.queries == ("q1", "q2", "q3")


@pytest.mark.slow
def test_a_stuck_query_fails_alone_and_is_tried_again_on_request(undisturbed: Undisturbed, tmp_path: Path) -> None:
    cells = [undisturbed.cells["faulty:default"]]
    seen = Seen()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAULTY_HANG_ON", QUERIES["q2"])
        limited = Execution(threads=1, query_timeout=2.0)
        require_complete(run_cells(cells, tmp_path, limited, seen))
    message = "no result within 2 seconds (--query-timeout)"
    cell = read_cell(undisturbed.folder("faulty:default", tmp_path))
    failures = {record.qid: record.failure for record in cell.records if record.failure}
    assert list(failures) == ["q2"]
    assert (failures["q2"].type, failures["q2"].message) == ("TimeLimit", message)
    assert sorted(record.qid for record in cell.records) == sorted(QUERIES)
    assert seen.started == [("faulty:default", 0)], "a replaced worker is no new cell"
    assert [failure for _, failure in seen.queries if failure] == [message]
    assert cell.summary is not None
    assert cell.summary.failed == 1

    seen = Seen()
    require_complete(run_cells(cells, tmp_path, RETRY, seen))
    assert seen.started == [("faulty:default", 5)]
    assert len(seen.queries) == 1
    folder = undisturbed.folder("faulty:default", tmp_path)
    assert (folder / "run.trec").read_bytes() == (undisturbed.folder("faulty:default") / "run.trec").read_bytes()
    assert metrics(folder) == metrics(undisturbed.folder("faulty:default"))


def test_a_worker_that_cannot_start_is_a_failure(
    undisturbed: Undisturbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starter = tmp_path / "python"
    starter.write_text("#!/bin/sh\necho one >&2\necho two >&2\nexit 7\n")
    starter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(starter))
    outcome = run_cells([undisturbed.cells["faulty:default"]], tmp_path / "results", ONE, Seen())
    assert list(outcome.problems.values()) == [
        "the worker ended with status 7 before the cell was complete. Its last lines: one | two. "
        "Run the command again with --retry-failed to try it again."
    ]


def test_an_unreadable_cell_is_named_and_others_go_on(undisturbed: Undisturbed, tmp_path: Path) -> None:
    for name in undisturbed.cells:
        target = undisturbed.folder(name, tmp_path)
        target.mkdir()
        for path in undisturbed.folder(name).iterdir():
            (target / path.name).write_bytes(path.read_bytes())
    damaged = undisturbed.folder("faulty:default", tmp_path)
    (damaged / "summary.json").write_text('{"queries": ')
    seen = Seen()
    outcome = run_cells(list(undisturbed.cells.values()), tmp_path, ONE, seen)
    assert seen.found == ["first-stage:default", "faulty:picky"]
    assert list(outcome.problems) == [damaged.name]
    assert outcome.problems[damaged.name].startswith(f"{damaged}: not a readable cell")


def test_a_cell_that_another_process_writes_is_refused(undisturbed: Undisturbed, tmp_path: Path) -> None:
    from benchmark.harness.store import CellWriter

    cell = undisturbed.cells["first-stage:default"]
    with CellWriter(tmp_path, cell.request):
        outcome = run_cells([cell], tmp_path, ONE, Seen())
    assert list(outcome.problems.values()) == [
        f"{cell.request.slug}: another process is running this cell. Wait for it."
    ]


@pytest.mark.parametrize(
    "how", [pytest.param("to the command alone", marks=pytest.mark.slow), "to its whole group, as Ctrl-C", "SIGTERM"]
)
def test_interrupted_runs_stop_cleanly_and_go_on(undisturbed: Undisturbed, tmp_path: Path, how: str) -> None:
    group = "group" in how
    arguments = ["run", undisturbed.suite, "--method", "faulty", "--method", "first-stage", "--results", tmp_path]
    process = subprocess.Popen(
        [str(SCRIPT), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"FAULTY_SLEEP": "0.3"},
    )
    lines = undisturbed.folder("faulty:default", tmp_path) / "queries.jsonl"
    try:
        while not (lines.exists() and b"\n" in lines.read_bytes()):
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT) if group else process.send_signal(
            signal.SIGTERM if how == "SIGTERM" else signal.SIGINT
        )
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 2
    assert [line for line in err.splitlines() if line.startswith("Error: ")] == [
        "Error: Interrupted. Finished queries are kept; run the same command again to go on."
    ]
    assert "Traceback" not in err
    kept = lines.read_bytes()
    count = len(kept.splitlines())
    assert kept.endswith(b"\n")
    assert 1 <= count < len(QUERIES)
    assert not undisturbed.folder("first-stage:default", tmp_path).exists(), "the rest was not to be started"
    if group:
        return
    seen = Seen()
    require_complete(run_cells([undisturbed.cells["faulty:default"]], tmp_path, ONE, seen))
    assert seen.started == [("faulty:default", count)]
    assert lines.read_bytes().startswith(kept)
    run = (lines.parent / "run.trec").read_bytes()
    assert run == (undisturbed.folder("faulty:default") / "run.trec").read_bytes()


def test_a_second_interrupt_kills_the_worker(
    undisturbed: Undisturbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Impatient(Seen):
        def query_done(self, planned: Planned, seconds: float, failure: str | None) -> None:
            super().query_done(planned, seconds, failure)
            raise KeyboardInterrupt

    monkeypatch.setenv("FAULTY_SLEEP", "0.2")
    seen = Impatient()
    outcome = run_cells([undisturbed.cells["faulty:default"]], tmp_path, ONE, seen)
    assert outcome.interrupted
    assert outcome.ran == []
    assert len(read_cell(undisturbed.folder("faulty:default", tmp_path)).records) <= 2


def mean_of(undisturbed: Undisturbed, name: str, metric: str) -> float:
    summary = read_cell(undisturbed.folder(name)).summary
    assert summary is not None
    return summary.metrics.mean[metric]


def metrics(folder: Path) -> object:
    return CellSummary.model_validate_json((folder / "summary.json").read_bytes()).metrics


@pytest.mark.slow
def test_several_workers_do_the_same_as_one(undisturbed: Undisturbed, tmp_path: Path) -> None:
    cells = list(undisturbed.cells.values())
    seen = Seen()
    outcome = run_cells(cells, tmp_path, Execution(threads=2, workers=3), seen)
    require_complete(outcome)
    assert sorted(map(name_of, outcome.ran)) == sorted(undisturbed.cells)
    assert [name for name, _ in seen.started] == list(undisturbed.cells), "in the order of the plan"
    assert len(seen.queries) == len(cells) * len(QUERIES)
    for name in undisturbed.cells:
        run = (undisturbed.folder(name, tmp_path) / "run.trec").read_bytes()
        assert run == (undisturbed.folder(name) / "run.trec").read_bytes()
        machine = read_cell(undisturbed.folder(name, tmp_path)).machine
        assert machine is not None
        assert machine.threads == 1, "two threads for three workers: none has less than one"


def test_workers_run_at_once_on_different_devices_and_all_finish_their_query_when_stopped(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """Both write their environment and wait for each other, so that one after the other would never end."""

    class Stopping(Seen):
        def query_done(self, planned: Planned, seconds: float, failure: str | None) -> None:
            super().query_done(planned, seconds, failure)
            if len(self.queries) == 1:
                raise KeyboardInterrupt

    cells = [undisturbed.cells["faulty:default"], undisturbed.cells["faulty:picky"]]
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    seen = Stopping()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAULTY_MEET", f"{meeting} 2")
        execution = Execution(threads=4, workers=2, accelerators=("GPU-a", "GPU-b"))
        outcome = run_cells([*cells, undisturbed.cells["first-stage:default"]], tmp_path / "results", execution, seen)
    assert outcome.interrupted
    assert (outcome.problems, outcome.ran) == ({}, [])
    assert sorted(path.read_text() for path in meeting.iterdir()) == ["GPU-a 2", "GPU-b 2"]
    assert [name for name, _ in seen.started] == ["faulty:default", "faulty:picky"], "the third was not started"
    for cell in cells:
        kept = read_cell(tmp_path / "results" / cell.request.slug)
        assert 1 <= len(kept.records) < len(QUERIES)
        assert kept.failure is None
    assert not list((tmp_path / "results").glob(".*")), "no lock is left"
