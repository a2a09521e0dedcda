"""The contract between the harness and a method, for one query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmark.backbones.meter import Cost, Meter
from benchmark.collections.base import Hit
from benchmark.errors import QueryError, Unavailable
from benchmark.evaluation.runfile import format_run, read_run
from benchmark.harness.scoring import Outcome, checked, score_query
from methods.base import Candidate, Method, Options
from tests.support.records import query_record

CANDIDATES = [Candidate("a", "A"), Candidate("b", "B"), Candidate("c", "C")]


class Scripted(Method[Options]):
    """Does what it is given."""

    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__(Options(), None)
        self._act = act

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        result: list[float] = self._act()
        return result


def outcome_of(act: Callable[[], Any], meter: Meter | None = None) -> Outcome:
    counted = meter or Meter()
    return score_query(Scripted(act), "query", CANDIDATES, lambda: counted.total, lambda: None)


@pytest.mark.parametrize(
    "scores",
    [[3, 2.5, -1], (3.0, 2.5, -1.0), np.array([3.0, 2.5, -1.0]), torch.tensor([3.0, 2.5, -1.0])],
    ids=lambda scores: type(scores).__name__,
)
def test_scores_are_kept_as_they_are(scores: Any) -> None:
    outcome = outcome_of(lambda: scores)
    assert outcome.scores == (3.0, 2.5, -1.0)
    assert outcome.failure is None
    assert outcome.seconds >= 0


@pytest.mark.parametrize(
    ("result", "kind", "message"),
    [
        ([1.0, float("nan"), 0.0], "QueryError", "scores at positions [1] are not finite (nan)"),
        ([float("inf"), 1.0, float("-inf")], "QueryError", "scores at positions [0, 2] are not finite (inf)"),
        ([1e39, 1.0, 0.0], "QueryError", "scores at positions [0] are not finite (1e+39)"),
        ([1.0, 2.0], "QueryError", "the method returned 2 scores for 3 candidates"),
        ([1.0, 2.0, 3.0, 4.0], "QueryError", "the method returned 4 scores for 3 candidates"),
        ([], "QueryError", "the method returned 0 scores for 3 candidates"),
        (None, "TypeError", "'NoneType' object is not iterable"),
        (["a", "b", "c"], "ValueError", "could not convert string to float: 'a'"),
    ],
)
def test_anything_else_is_a_failure_and_never_an_order(result: Any, kind: str, message: str) -> None:
    outcome = outcome_of(lambda: result)
    assert outcome.scores is None
    assert outcome.failure is not None
    assert (outcome.failure.type, outcome.failure.message) == (kind, message)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (QueryError("too long"), "too long"),
        (ValueError("over\n  several\tlines"), "over several lines"),
        (KeyError(), "no message"),
        (MemoryError("host"), "host"),
        (torch.cuda.OutOfMemoryError("device"), "device"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_exceptions_are_recorded_with_their_type(error: Exception, message: str) -> None:
    def act() -> None:
        raise error

    outcome = outcome_of(act)
    assert outcome.scores is None
    assert outcome.failure is not None
    assert (outcome.failure.type, outcome.failure.message) == (type(error).__name__, message)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_a_stop_is_no_failure_of_the_query(error: type[BaseException]) -> None:
    def act() -> None:
        raise error

    with pytest.raises(error):
        outcome_of(act)


def test_costs_are_of_this_query_alone_failed_or_not() -> None:
    meter = Meter()
    meter.add(prompt_tokens=1000, completion_tokens=7)

    def act() -> None:
        meter.add(prompt_tokens=30)
        meter.add(prompt_tokens=12, completion_tokens=2)
        raise QueryError("late")

    assert outcome_of(act, meter).cost == Cost(forward_passes=2, prompt_tokens=42, completion_tokens=2)


def test_answers_and_their_faults_are_of_this_query_alone() -> None:
    meter = Meter()
    meter.answered({"missing", "cut"})

    def act() -> list[float]:
        meter.answered()
        meter.answered({"missing", "repeated"})
        with meter.phase("decode"):
            pass
        return [1.0, 2.0, 3.0]

    cost = outcome_of(act, meter).cost
    assert (cost.answers, cost.malformed) == (2, 1)
    assert cost.faults == {"missing": 1, "repeated": 1}
    assert list(cost.seconds) == ["decode"]


def test_the_device_is_waited_for_before_and_after() -> None:
    order: list[str] = []

    def act() -> list[float]:
        order.append("rerank")
        return [1.0, 2.0, 3.0]

    score_query(Scripted(act), "query", CANDIDATES, Cost, lambda: order.append("wait"))
    assert order == ["wait", "rerank", "wait"]


def test_no_candidates_need_no_scores() -> None:
    assert checked([], 0) == ()


@given(st.lists(st.sampled_from([0.0, -0.0, 1.0, 1.0 + 1e-12, 2.0]), min_size=1, max_size=12))
def test_ties_keep_the_first_stage_order_in_ranking_and_run_file(tmp_path_factory: Any, scores: list[float]) -> None:
    record = query_record("q", *scores)
    ranking = record.ranking()
    expected = sorted(range(len(scores)), key=lambda position: (-scores[position], position))
    assert [docid for docid, _ in ranking] == [f"d{position}" for position in expected]
    text = format_run({"q": [Hit(docid, score) for docid, score in ranking]}, "tag")
    path = tmp_path_factory.mktemp("run") / "run.trec"
    path.write_text(text)
    hits = read_run(path)["q"]
    assert [hit.docid for hit in hits] == [docid for docid, _ in ranking]
    written = [np.float32(hit.score) for hit in hits]
    assert all(before > after for before, after in pairwise(written))


def test_what_is_no_querys_fault_is_passed_on() -> None:
    def gone() -> None:
        raise Unavailable("the server is gone")

    with pytest.raises(Unavailable, match="the server is gone"):
        outcome_of(gone)
