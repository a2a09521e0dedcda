"""Successive cells in one worker process, with the backbone loaded once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.backbones.spec import LocalSource
from benchmark.harness import station
from benchmark.harness.executors.base import job_of
from benchmark.harness.held import Held, holding
from benchmark.harness.job import Job
from benchmark.harness.plan import Planned, plan
from benchmark.harness.process import WorkerProcess
from benchmark.harness.runner import Execution, require_complete, run_cells
from benchmark.harness.store import read_cell
from benchmark.suites import find
from tests.support.collection import write_suite
from tests.support.sweep import InProcess, Sweep, Watch, sweep

ONE = Execution(threads=1)


def weights(selected: Any) -> Path:
    assert isinstance(selected.source, LocalSource)
    return Path(selected.source.path)


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[WorkerProcess]:
    """Every worker process that is started."""
    started: list[WorkerProcess] = []

    class Counted(WorkerProcess):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            started.append(self)

    monkeypatch.setattr(station, "WorkerProcess", Counted)
    return started


@pytest.fixture
def cells(tmp_path: Path, small: Path, tiny_talker: Path) -> list[Planned]:
    """Two cells of one backbone that need the same parts of it, and one that needs its output head."""
    methods = ["icr:default", "icr:reversed", "first:default"]
    suite = write_suite(tmp_path / "s.yaml", small, methods, [str(tiny_talker)])
    return plan(find(str(suite)), weights)


def jobs_of(cells: list[Planned], threads: int = 1) -> list[Job]:
    return [job_of(cell, Path("results"), ONE, threads) for cell in cells]


def test_jobs_that_one_process_can_serve(cells: list[Planned]) -> None:
    first, second, other = map(holding, jobs_of(cells))
    assert first == second != other
    assert holding(jobs_of(cells, threads=2)[0]) != first
    job = jobs_of(cells)[0]
    assert job.request.backbone is not None
    request = job.request.model_copy(update={"backbone": job.request.backbone.model_copy(update={"dtype": "float16"})})
    assert holding(job.model_copy(update={"request": request})) != first
    assert holding(job.model_copy(update={"deterministic": True})) != first


def test_a_backbone_is_loaded_once_for_successive_cells(cells: list[Planned]) -> None:
    loaded: list[str] = []

    def load(job: Job) -> Any:
        loaded.append(job.request.slug)
        return object()

    held = Held(load)
    first, second, other = jobs_of(cells)
    taken = [held.take(job) for job in (first, second, other, first)]
    assert loaded == [first.request.slug, other.request.slug, first.request.slug]
    assert [one.before for one in taken] == [False, True, False, False]
    assert taken[1].backbone is taken[0].backbone
    assert [one.seconds is None for one in taken] == [False, True, False, False]


@pytest.mark.slow
def test_cells_of_one_process_are_those_of_processes_of_their_own(
    cells: list[Planned], tmp_path: Path, processes: list[WorkerProcess]
) -> None:
    own, shared = tmp_path / "own", tmp_path / "shared"
    require_complete(run_cells(cells, own, ONE, Watch(), InProcess(own, ONE)))
    assert processes == []
    require_complete(run_cells(cells, shared, ONE, Watch()))
    assert len(processes) == 2
    for planned in cells:
        one, other = (read_cell(results / planned.slug) for results in (own, shared))
        assert (one.folder / "run.trec").read_bytes().splitlines()[-4:] == (
            other.folder / "run.trec"
        ).read_bytes().splitlines()[-4:]
        for a, b in zip(one.records, other.records, strict=True):
            same = {"scores", "docids", "prompts_sha256", "prompt_tokens", "forward_passes", "warm_up"}
            assert a.model_dump(include=same) == b.model_dump(include=same)
    first, second, third = (read_cell(shared / planned.slug).summary for planned in cells)
    assert first is not None
    assert second is not None
    assert third is not None
    assert [cell.loaded_before for cell in (first, second, third)] == [False, True, False]
    assert [cell.load_seconds is None for cell in (first, second, third)] == [False, True, False]
    assert sum(record.warm_up for record in read_cell(shared / cells[1].slug).records) == 3


@pytest.mark.slow
def test_a_crash_costs_the_cell_in_hand_and_the_next_has_a_new_process(
    tmp_path: Path, processes: list[WorkerProcess]
) -> None:
    made: Sweep
    with sweep(tmp_path / "sweep", depths=(2, 3, 4)) as made:
        first, second, third = (cell.slug for cell in made.cells)

        class Crash(Watch):
            def query_done(self, planned: Planned, seconds: float, failure: str | None) -> None:
                super().query_done(planned, seconds, failure)
                if len(self.queries) == 8:
                    # Every query of the first cell, and two of the second.
                    processes[-1].kill()

        made.patch.setenv("FAULTY_SLEEP", "0.2")
        outcome = run_cells(made.cells, tmp_path / "results", ONE, Crash())
    # It may have been hit between two queries, and then nothing is lost.
    lost = list(outcome.problems)
    assert lost in ([second], [])
    assert [cell.slug for cell in outcome.ran] == [cell for cell in (first, second, third) if cell not in lost]
    assert len(processes) == 2
    kept = read_cell(tmp_path / "results" / second)
    assert len(kept.records) == 6 - len(lost), "all but the query in hand"
    assert (kept.failure is None) == (not lost)


@pytest.mark.slow
def test_a_worker_that_dies_between_two_queries_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed when its second query was told, before the next was: by a process that is waited for."""
    heard = station.Station._take

    def take(self: station.Station, event: dict[str, Any]) -> None:
        heard(self, event)
        if event["event"] == "query" and event["qid"] == "q2":
            worker = self._worker
            assert worker is not None
            worker.kill()
            worker._process.wait()
            # What it said after that is lost with it.
            worker.events.clear()
            while not worker.ended:
                worker.hear()
            worker.events.clear()

    monkeypatch.setattr(station.Station, "_take", take)
    with sweep(tmp_path / "sweep", depths=(2,)) as made:
        made.patch.setenv("FAULTY_SLEEP", "0.1")
        outcome = run_cells(made.cells, tmp_path / "results", ONE, Watch())
        require_complete(outcome)
        made.check(tmp_path / "results", repeated=1)
