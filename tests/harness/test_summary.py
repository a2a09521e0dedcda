"""From lines to a summary and a run file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.collections.folder import FolderCollection
from benchmark.evaluation.metrics import METRICS, evaluate, mean
from benchmark.evaluation.runfile import read_metadata, read_run
from benchmark.harness.record import CellSummary, QueryRecord
from benchmark.harness.summary import run_text, summarise
from tests.support.collection import QUERIES
from tests.support.records import cell_request, machine, query_record


def records() -> list[QueryRecord]:
    """Six queries: scores on d0 to d3, the second one failed, the first three warming up."""
    made = [
        query_record(qid, 1.0, 3.0, 2.0, 3.0, seconds=float(number), warm_up=number < 3, prompt_tokens=100 + number)
        for number, qid in enumerate(QUERIES)
    ]
    made[1] = query_record("q2", failure="too long", seconds=100.0, warm_up=True, prompt_tokens=0)
    made[4] = query_record("q5", failure="too long", seconds=100.0, prompt_tokens=0)
    return made


def summary_of(town: Path, made: list[QueryRecord], **options: Any) -> CellSummary:
    values = {"weight_bytes": 1000, "load_seconds": 1.5} | options
    collection = FolderCollection(town, None, "test")
    return summarise(cell_request(backbone=True), made, collection, "2024-01-01T00:00:00+00:00", **values)


def test_quality_counts_failed_queries_zero(small: Path) -> None:
    summary = summary_of(small, records())
    assert (summary.queries, summary.failed) == (6, 2)
    assert summary.identity == cell_request(backbone=True).identity
    rankings = {qid: ["d1", "d3", "d2", "d0"] for qid in QUERIES if qid not in ("q2", "q5")}
    expected = evaluate(rankings, FolderCollection(small, None, "test").qrels())
    assert summary.metrics.per_query == expected
    assert summary.metrics.mean == mean(expected)
    assert summary.metrics.per_query["nDCG@10"]["q2"] == 0
    assert list(summary.metrics.mean) == list(METRICS)
    for name, (low, high) in summary.metrics.interval.items():
        assert low <= summary.metrics.mean[name] <= high


def test_latency_leaves_out_warm_up_and_failures(small: Path) -> None:
    latency = summary_of(small, records()).latency
    assert latency is not None
    assert latency.queries == 2  # q4 with 3 seconds and q6 with 5
    assert (latency.median, latency.p90) == (4.0, pytest.approx(4.8))
    assert summary_of(small, records()[:3]).latency is None


def test_costs_are_means_over_all_queries(small: Path) -> None:
    cost = summary_of(small, records()).cost
    assert cost.forward_passes == 2
    assert cost.prompt_tokens == pytest.approx((100 + 102 + 103 + 105) / 6)


def test_answers_are_added_up_and_phases_averaged_over_timed_queries(small: Path) -> None:
    assert summary_of(small, records()).answers is None
    faults = [{}, {"missing": 2}, {}, {"missing": 1, "cut": 1}, {}, {}]
    made = [
        record.model_copy(
            update={
                "answers": 3,
                "malformed": max(kinds.values(), default=0),
                "faults": kinds,
                "phases": {"decode": 2.0},
            }
        )
        for record, kinds in zip(records(), faults, strict=True)
    ]
    made[5] = made[5].model_copy(update={"phases": {"decode": 4.0, "prefill": 1.0}})
    summary = summary_of(small, made)
    assert summary.answers is not None
    assert (summary.answers.read, summary.answers.malformed) == (18, 3)
    assert summary.answers.faults == {"missing": 3, "cut": 1}
    assert summary.answers.well_formed == pytest.approx(15 / 18)
    assert summary.cost.phases == {"decode": 3.0, "prefill": 0.5}, "q4 and q6 are timed"


def test_lines_from_before_answers_were_counted_can_be_read() -> None:
    old = query_record("q1", 1.0, 2.0).model_dump(mode="json", exclude={"answers", "malformed", "faults", "phases"})
    assert QueryRecord.model_validate(old).answers == 0


def test_memory_is_the_largest_peak(small: Path) -> None:
    made = [
        record.model_copy(update={"peak_memory_bytes": peak})
        for record, peak in zip(records(), [5, 90, 7] * 2, strict=True)
    ]
    memory = summary_of(small, made).memory
    assert memory is not None
    assert (memory.weights, memory.peak_above_weights) == (1000, 90)
    unread = summary_of(small, records()).memory
    assert unread is not None
    assert unread.peak_above_weights is None
    without = summary_of(small, records(), weight_bytes=None, load_seconds=None)
    assert (without.memory, without.load_seconds) == (None, None)


def test_memory_of_an_engine_that_takes_it_in_advance_is_marked(small: Path) -> None:
    request = cell_request(backbone=True)
    assert request.backbone is not None
    served = request.model_copy(update={"backbone": request.backbone.model_copy(update={"source": "vllm"})})
    memory = summarise(
        served, records(), FolderCollection(small, None, "test"), "now", None, 2.0, process_peak=7
    ).memory
    assert memory is not None
    assert (memory.weights, memory.peak_above_weights, memory.process_peak) == (None, None, 7)
    assert memory.preallocated


def test_operations_and_energy_are_means_over_the_queries_that_have_them(small: Path) -> None:
    made = [
        record.model_copy(update={"flops": flops, "energy_joules": joules})
        for record, flops, joules in zip(records(), [1e9, None, 3e9] * 2, [None, 4.0, 8.0] * 2, strict=True)
    ]
    summary = summary_of(small, made)
    assert (summary.cost.flops, summary.energy_joules) == (2e9, 6.0)
    bare = summary_of(small, records())
    assert (bare.cost.flops, bare.energy_joules) == (None, None)


def test_the_lowest_relevant_grade_is_the_collections(small: Path) -> None:
    collection = FolderCollection(small, None, "test")
    (small / "qrels.tsv").write_text("q1 0 d0 2\nq1 0 d1 1\n")
    collection.relevant_from = 2
    summary = summarise(cell_request(), records()[:1], collection, "now", None, None)
    assert summary.metrics.mean["MRR@10"] == 0.25, "d0 is last"


def test_the_run_file_is_the_ranking(tmp_path: Path) -> None:
    here = machine()
    request = cell_request(backbone=True)
    path = tmp_path / "run.trec"
    path.write_text(run_text(request, here, records()))
    run = read_run(path)
    assert list(run) == ["q1", "q3", "q4", "q6"], "failed queries have no lines"
    for hits in run.values():
        assert [hit.docid for hit in hits] == ["d1", "d3", "d2", "d0"], "equal scores in first-stage order"
    header = read_metadata(path)
    assert header["tag"] == "icr-default"
    assert header["rerankbench"]["identity"] == request.identity
    assert header["rerankbench"]["seed"] == here.seed
    assert header["rerankbench"]["git_dirty"] == here.git_dirty
    assert {"driver", "container"} <= set(header["rerankbench"])
    assert header["method"]["retrieval"][0]["backbone"]["revision"] == "12"
    assert header["implementation"]["executable"]["cmd"] == here.command
    assert header["data"]["test_collection"] == {"name": "town", "split": "test"}
