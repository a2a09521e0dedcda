"""One cell, within this process: what is done, what is reported, what is resumed."""

from __future__ import annotations

import io
import random
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from benchmark import suites
from benchmark.backbones.spec import LocalSource
from benchmark.errors import UserError
from benchmark.harness import energy, worker
from benchmark.harness.job import Job
from benchmark.harness.plan import plan
from benchmark.harness.reporting import FAILED
from benchmark.harness.store import CellWriter, read_cell
from benchmark.harness.worker import WARM_UP, Stop, run
from methods.first_stage.method import FirstStage
from methods.icr.method import Icr
from tests.support.collection import QUERIES, write_suite

Event = dict[str, Any]


def job_of(tmp_path: Path, collection: Path | str, method: str, *backbones: object, depth: int = 4) -> Job:
    suite = write_suite(tmp_path / "s.yaml", collection, [method], list(map(str, backbones)), depth=depth)

    def prepare(selected: Any) -> Path:
        assert isinstance(selected.source, LocalSource)
        return Path(selected.source.path)

    (cell,) = plan(suites.find(str(suite)), prepare)
    return Job(
        request=cell.request,
        options=cell.options,
        backbone=cell.backbone,
        folder=cell.folder,
        collection=cell.collection,
        results=tmp_path / "results",
        threads=1,
        command=cell.command,
    )


@pytest.fixture
def icr(tmp_path: Path, small: Path, tiny_folder: Path) -> Job:
    return job_of(tmp_path, small, "icr", tiny_folder)


def run_stopping_after(job: Job, queries: int) -> list[Event]:
    """Run; a signal arrives during query number ``queries`` (0: never)."""
    stop = Stop()
    events: list[Event] = []

    def emit(event: Event) -> None:
        events.append(event)
        if queries and sum(event["event"] == "query" for event in events) == queries:
            stop.ask(15, None)

    run(job, emit, stop)
    return events


def kinds(events: list[Event]) -> list[str]:
    return [event["event"] for event in events]


def test_a_whole_cell(icr: Job) -> None:
    events = run_stopping_after(icr, 0)
    assert kinds(events) == ["loaded", *["begun", "query"] * len(QUERIES), "done"]
    assert [event["qid"] for event in events if event["event"] == "query"] == list(QUERIES)
    assert events[0]["seconds"] > 0
    cell = read_cell(icr.results / icr.request.slug)
    assert cell.summary is not None
    assert [record.warm_up for record in cell.records] == [True] * WARM_UP + [False] * (len(QUERIES) - WARM_UP)
    for number, record in enumerate(cell.records):
        assert record.docids == tuple(f"d{(number + rank) % 8}" for rank in range(4))
        assert record.scores is not None
        assert len(record.scores) == 4
        assert record.forward_passes == 2
        assert record.prompt_tokens > 300
        assert set(record.phases) == {"tokenise", "prefill"}
        assert sum(record.phases.values()) <= record.seconds
        assert record.peak_memory_bytes is not None
        # At least two operations a weight of the layers that were run, which hold most of the tiny model's.
        assert record.flops is not None
        assert record.flops > 2 * 10_000 * record.prompt_tokens
        assert record.energy_joules is None
    assert cell.summary.latency is not None
    assert cell.summary.latency.queries == len(QUERIES) - WARM_UP
    assert cell.summary.memory is not None
    # float32 weights of the tiny Llama
    assert cell.summary.memory.weights is not None
    assert 50_000 < cell.summary.memory.weights < 500_000
    assert cell.summary.memory.process_peak is not None
    assert cell.summary.memory.process_peak > 100 * 2**20, "torch alone takes more"
    assert not cell.summary.memory.preallocated
    assert cell.summary.cost.flops == pytest.approx(fmean(record.flops or 0 for record in cell.records))
    assert cell.summary.cost.forward_passes == 2
    assert cell.summary.load_seconds is not None
    assert cell.machine is not None
    assert cell.machine.threads == 1


def test_energy_is_the_meters_difference_or_the_cell_is_refused(icr: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = icr.model_copy(update={"energy": True})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(energy.meter_of, "__defaults__", (icr.results,))
        with pytest.raises(UserError, match="--energy: this processor shows no energy meter"):
            run_stopping_after(asked, 0)
    readings = iter(range(0, 1000, 5))
    monkeypatch.setattr(energy, "meter_of", lambda _: lambda: float(next(readings)))
    run_stopping_after(asked, 0)
    cell = read_cell(icr.results / icr.request.slug)
    assert [record.energy_joules for record in cell.records] == [5.0] * len(QUERIES)
    assert cell.summary is not None
    assert cell.summary.energy_joules == 5.0


def test_prompts_are_those_of_the_query_and_change_with_its_passages(icr: Job, small: Path, tmp_path: Path) -> None:
    def prompts(job: Job) -> list[str | None]:
        run_stopping_after(job, 0)
        return [record.prompts_sha256 for record in read_cell(job.results / job.request.slug).records]

    first = prompts(icr)
    assert len(set(first)) == len(QUERIES)
    assert None not in first
    again = icr.model_copy(update={"results": tmp_path / "again"})
    run_stopping_after(again, 3)
    assert prompts(again) == first, "also of a resumed cell, whose earlier queries were another process's"
    text = (small / "corpus.jsonl").read_text()
    (small / "corpus.jsonl").write_text(text.replace("Document number 0 of", "Paper number 0 of"))
    changed = prompts(icr.model_copy(update={"results": tmp_path / "changed"}))
    # d0 is a candidate of the first and of the last query.
    assert [one == other for one, other in zip(first, changed, strict=True)] == [False, *[True] * 4, False]


def test_a_stop_finishes_the_query_in_hand_and_the_next_run_goes_on(icr: Job, tmp_path: Path) -> None:
    whole = icr.model_copy(update={"results": tmp_path / "undisturbed"})
    run_stopping_after(whole, 0)
    assert kinds(run_stopping_after(icr, 2)) == ["loaded", "begun", "query", "begun", "query", "stopped"]
    folder = icr.results / icr.request.slug
    assert len(read_cell(folder).records) == 2
    assert not (folder / "summary.json").exists()
    assert not (folder / "run.trec").exists()
    machine = (folder / "machine.json").read_bytes()
    assert read_cell(folder).sessions == ()
    events = run_stopping_after(icr, 0)
    assert [event["qid"] for event in events if event["event"] == "query"] == list(QUERIES)[2:]
    assert (folder / "machine.json").read_bytes() == machine
    (later,) = read_cell(folder).sessions
    assert later.command == icr.command
    for job in (icr, whole):
        run_stopping_after(job, 0)
    assert len(read_cell(folder).sessions) == 2, "one a worker"
    undisturbed = whole.results / icr.request.slug
    assert (folder / "run.trec").read_bytes() == (undisturbed / "run.trec").read_bytes()
    summaries = [read_cell(path).summary for path in (folder, undisturbed)]
    assert summaries[0] is not None
    assert summaries[1] is not None
    assert summaries[0].metrics == summaries[1].metrics


def test_a_cell_with_every_line_but_no_summary_is_finished_with_its_memory(icr: Job) -> None:
    """Stopped after the last query: the method, which wants its backbone, is made all the same."""
    assert kinds(run_stopping_after(icr, len(QUERIES)))[-1] == "stopped"
    assert kinds(run_stopping_after(icr, 0)) == ["loaded", "done"]
    summary = read_cell(icr.results / icr.request.slug).summary
    assert summary is not None
    assert summary.memory is not None
    assert summary.load_seconds is not None


def test_a_missing_line_in_the_middle_is_run_and_the_run_file_keeps_the_order_of_the_topics(
    tmp_path: Path, small: Path
) -> None:
    job = job_of(tmp_path, small, "first-stage")
    run_stopping_after(job, 0)
    folder = job.results / job.request.slug
    before = (folder / "run.trec").read_bytes()
    lines = (folder / "queries.jsonl").read_text().splitlines(keepends=True)
    (folder / "queries.jsonl").write_text("".join(lines[:1] + lines[2:]))
    (folder / "summary.json").unlink()
    (folder / "run.trec").unlink()
    events = run_stopping_after(job, 0)
    assert [event.get("qid") for event in events] == [None, "q2", "q2", None]
    assert (folder / "run.trec").read_bytes() == before


def test_a_query_that_was_stuck_is_recorded_without_being_run(tmp_path: Path, small: Path) -> None:
    job = job_of(tmp_path, small, "first-stage").model_copy(update={"timed_out": ("q4",), "query_timeout": 7.5})
    events = run_stopping_after(job, 0)
    assert "q4" not in [event["qid"] for event in events if event["event"] == "begun"]
    cell = read_cell(job.results / job.request.slug)
    (record,) = [record for record in cell.records if record.failure]
    assert (record.qid, record.seconds, record.docids) == ("q4", 7.5, ("d3", "d4", "d5", "d6"))
    assert record.failure is not None
    assert record.failure.message == "no result within 7.5 seconds (--query-timeout)"
    assert (cell.folder / "run.trec").exists()


def test_depth_cuts_the_candidates(tmp_path: Path, small: Path) -> None:
    job = job_of(tmp_path, small, "first-stage", depth=2)
    run_stopping_after(job, 0)
    cell = read_cell(job.results / job.request.slug)
    assert {len(record.docids) for record in cell.records} == {2}
    assert cell.summary is not None
    assert cell.summary.metrics.mean["MRR@10"] == 0, "the relevant document stands third"


def test_a_topic_without_candidates_has_an_empty_ranking(tmp_path: Path, small: Path) -> None:
    lines = (small / "run.bm25.trec").read_text().splitlines(keepends=True)
    (small / "run.bm25.trec").write_text("".join(line for line in lines if not line.startswith("q6")))
    job = job_of(tmp_path, small, "first-stage")
    assert kinds(run_stopping_after(job, 0))[-1] == "done"
    cell = read_cell(job.results / job.request.slug)
    assert cell.records[-1].docids == cell.records[-1].scores == ()
    assert cell.summary is not None
    assert (cell.summary.queries, cell.summary.failed) == (6, 0)
    assert cell.summary.metrics.per_query["nDCG@10"]["q6"] == 0


def test_a_candidate_that_is_not_in_the_corpus_is_named(tmp_path: Path, small: Path) -> None:
    with (small / "run.bm25.trec").open("a") as stream:
        stream.write("q3 Q0 lost 5 0.1 bm25\n")
    job = job_of(tmp_path, small, "first-stage", depth=5)
    with pytest.raises(UserError, match=r"not in the corpus \(1 in all\): lost"):
        run_stopping_after(job, 0)
    cell = read_cell(job.results / job.request.slug)
    assert [record.qid for record in cell.records] == ["q1", "q2"]


def test_a_worker_without_its_runner_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = Stop()
    assert not stop.asked
    parent = worker.os.getppid()
    monkeypatch.setattr(worker.os, "getppid", lambda: parent + 1)
    assert stop.asked


def main_with(job: Job, monkeypatch: pytest.MonkeyPatch) -> tuple[int, list[Event]]:
    """`worker.main` with its streams, but not its signals, replaced."""
    events: list[Event] = []
    monkeypatch.setattr(worker.sys, "stdin", io.StringIO(job.model_dump_json()))
    monkeypatch.setattr(worker.signal, "signal", lambda *_: None)
    monkeypatch.setattr(worker, "emitter", lambda: events.append)
    return worker.main(), events


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (UserError(["one", "two"]), ["one", "two"]),
        (OSError(28, "No space"), ["No space left on the device."]),
        (PermissionError(13, "x", "results"), ["results: Permission denied."]),
    ],
    ids=["user error", "full disk", "read-only"],
)
def test_problems_are_reported_and_not_raised(
    tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, problem: list[str]
) -> None:
    def failing(*_: object) -> None:
        raise error

    job = job_of(tmp_path, small, "first-stage")
    monkeypatch.setattr(CellWriter, "append", failing)
    status, events = main_with(job, monkeypatch)
    assert status == FAILED
    assert events[-1]["event"] == "problems"
    for said, start in zip(events[-1]["problems"], problem, strict=True):
        assert said.startswith(start)
    assert read_cell(job.results / job.request.slug).records == ()
    assert not list(job.results.glob(".*")), "the lock is left"


def test_a_runner_that_is_gone_is_no_traceback(tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise BrokenPipeError

    job = job_of(tmp_path, small, "first-stage")
    monkeypatch.setattr(worker, "run", gone)
    status, events = main_with(job, monkeypatch)
    assert (status, events) == (FAILED, [])


def test_the_method_gets_the_backbone_it_was_planned_with(
    icr: Job, tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    rerank = Icr.rerank

    def watched(self: Icr, query: str, candidates: Any) -> list[float]:
        seen.append((self.backbone.name, self.options.strategy, query))
        return rerank(self, query, candidates)

    monkeypatch.setattr(Icr, "rerank", watched)
    run_stopping_after(icr, 1)
    assert seen == [("tiny-llama", "masked_na_calibration", QUERIES["q1"])]


def test_what_a_failure_tells_of_files_and_random_numbers(
    tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query's exception is published without paths; every query draws the same numbers, also after a resume."""
    drawn: list[float] = []

    def failing(self: FirstStage, query: str, candidates: Any) -> list[float]:
        drawn.append(random.random())
        raise FileNotFoundError(2, "No such file", str(tmp_path / "home" / "evelyn" / "weights.bin"))

    monkeypatch.setattr(FirstStage, "rerank", failing)
    job = job_of(tmp_path, small, "first-stage")
    run_stopping_after(job, 2)
    run_stopping_after(job, 0)
    cell = read_cell(job.results / job.request.slug)
    for record in cell.records:
        assert record.failure is not None
        assert record.failure.message == "[Errno 2] No such file: 'weights.bin'"
    assert str(tmp_path) not in (cell.folder / "queries.jsonl").read_text()
    assert len(drawn) == len(QUERIES)
    assert len(set(drawn)) == 1
