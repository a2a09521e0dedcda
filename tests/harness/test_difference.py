"""What is said of two results: which cells belong together, and what changed in each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.evaluation.statistics import paired_test
from benchmark.harness.difference import compare
from benchmark.harness.record import CellRequest, CellSummary, Cost, Metrics, QueryRecord
from benchmark.harness.store import Cell
from tests.support.records import cell_request, machine, query_record


def cell(request: CellRequest | None = None, *records: QueryRecord, ndcg: tuple[float, ...] = (), **facts: Any) -> Cell:
    asked = request or cell_request(backbone=True)
    values = {f"q{number}": value for number, value in enumerate(ndcg, 1)}
    summary = CellSummary(
        identity=asked.identity,
        finished="2024-01-01T00:00:00+00:00",
        queries=len(records),
        failed=0,
        metrics=Metrics(mean={}, per_query={"nDCG@10": values}, interval={}),
        latency=None,
        memory=None,
        cost=Cost(forward_passes=1, prompt_tokens=1, completion_tokens=0),
        load_seconds=None,
    )
    ran_on = machine().model_copy(update=facts)
    return Cell(Path(asked.slug), asked, ran_on, records, summary if ndcg else None)


def only(a: Cell, b: Cell) -> Any:
    (found,) = compare([a], [b]).cells
    return found


def test_the_same_result_has_no_difference() -> None:
    records = [query_record("q1", 2.0, 1.0, 3.0, prompts_sha256="aa"), query_record("q2", failure="too long")]
    found = only(cell(None, *records, ndcg=(0.5, 0.0)), cell(None, *records, ndcg=(0.5, 0.0), started="later"))
    assert (found.inputs, found.versions, found.failed) == ((), (), ((), ()))
    assert (found.prompts.compared, found.prompts.changed) == (1, ())
    rankings = found.rankings
    assert (rankings.compared, rankings.reordered, rankings.rescored, rankings.tau) == (1, (), (), 1)
    assert rankings.overlap == pytest.approx(1)
    assert (found.metrics["nDCG@10"].test.difference, found.metrics["nDCG@10"].test.p_value) == (0, 1)


def test_changed_inputs_and_versions_are_named() -> None:
    old = cell_request(backbone=True, options={"window": 4, "order": "given"})
    assert old.backbone is not None
    new = cell_request(backbone=True, options={"window": 8, "order": "given", "step": None})
    new = new.model_copy(update={"backbone": old.backbone.model_copy(update={"revision": "13"})})
    here, there = {"torch": "2.9"}, {"torch": "2.10", "vllm": "1"}
    found = only(cell(old, packages=here), cell(new, packages=there, git_dirty=True))
    assert [(change.field, change.a, change.b) for change in found.inputs] == [
        ("method.options.window", 4, 8),
        ("backbone.revision", "12", "13"),
        ("method.options.step", "(absent)", None),
    ]
    versions = {change.field: (change.a, change.b) for change in found.versions}
    assert versions["packages.torch"] == ("2.9", "2.10")
    assert versions["packages.vllm"] == ("(absent)", "1")


def test_prompts_orders_scores_and_failures_are_told_apart() -> None:
    a = [
        query_record("q1", 3.0, 2.0, 1.0, prompts_sha256="aa"),
        query_record("q2", 3.0, 2.0, 1.0, prompts_sha256="bb"),
        query_record("q3", 3.0, 2.0, 1.0),
        query_record("q4", failure="too long"),
        query_record("q5", 1.0, 2.0),
        query_record("q9", 1.0, 2.0),
    ]
    b = [
        query_record("q1", 3.0, 2.0, 1.0, prompts_sha256="aa"),
        query_record("q2", 1.0, 2.0, 3.0, prompts_sha256="cc"),
        query_record("q3", 3.5, 2.0, 1.0, prompts_sha256="dd"),
        query_record("q4", 1.0, 2.0),
        query_record("q5", failure="gone"),
    ]
    found = only(cell(None, *a), cell(None, *b))
    assert (found.prompts.compared, found.prompts.changed) == (2, ("q2",))
    assert found.failed == (("q4",), ("q5",))
    rankings = found.rankings
    assert (rankings.compared, rankings.reordered, rankings.rescored) == (3, ("q2",), ("q3",))
    assert rankings.tau == pytest.approx((1 - 1 + 1) / 3)
    assert 0.6 < rankings.overlap < 1
    assert found.metrics == {}, "no summaries"


def test_metrics_are_tested_over_the_topics_of_both() -> None:
    a, b = (0.1, 0.2, 0.3, 0.9), (0.4, 0.5, 0.6)
    metric = only(cell(None, ndcg=a), cell(None, ndcg=b)).metrics["nDCG@10"]
    assert (metric.a, metric.b) == (pytest.approx(0.2), pytest.approx(0.5))
    values = [{f"q{number}": value for number, value in enumerate(side[:3])} for side in (b, a)]
    assert metric.test == paired_test(*values)


def test_cells_are_paired_by_name_and_the_closest_first() -> None:
    def options(window: int) -> CellRequest:
        return cell_request(options={"window": window, "deep": window > 5})

    a = [cell(options(4)), cell(options(8)), cell(cell_request(preset="paper"))]
    b = [cell(options(9)), cell(options(4)), cell(cell_request(name="core"))]
    found = compare(a, b)
    assert sorted((one.a, one.b) for one in found.cells) == sorted(
        [(options(4).slug, options(4).slug), (options(8).slug, options(9).slug)]
    )
    assert found.only_a == (cell_request(preset="paper").slug,)
    assert found.only_b == (cell_request(name="core").slug,)
