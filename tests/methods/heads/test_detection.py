"""The detection rules, on tables small enough to work out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.evaluation.metrics import evaluate
from methods.heads.detection import Judged, detect_by_contrast, detect_by_mass, detect_by_ndcg, ndcg_at_10, ranked_heads

documents = st.lists(
    st.tuples(st.integers(0, 3), st.integers(-1000, 1000)), min_size=1, max_size=25, unique_by=lambda pair: pair[1]
)
"""Grade and score; no two scores are equal."""


def judged(rows: list[list[float]], grades: list[int]) -> Judged:
    """One layer; a row a head."""
    return Judged(torch.tensor([rows]), grades)


def test_ndcg_of_heads_alone() -> None:
    queries = [judged([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]], [0, 2, 1]), judged([[0.0, 1.0], [1.0, 0.0]], [1, 0])]
    ideal = 2 + 1 / math.log2(3)
    first = (2 / math.log2(3) + 1 / 2) / ideal, (1 + 2 / math.log2(3)) / ideal
    second = 1 / math.log2(3), 1.0
    expected = [[(first[0] + second[0]) / 2, (first[1] + second[1]) / 2]]
    torch.testing.assert_close(detect_by_ndcg(queries), torch.tensor(expected, dtype=torch.float64))


def test_ties_keep_the_order_of_the_documents() -> None:
    assert ndcg_at_10(torch.zeros(3), [1, 0, 0]).item() == 1
    assert ndcg_at_10(torch.zeros(3), [0, 0, 1]).item() == pytest.approx(0.5)


def test_nothing_counts_below_rank_ten() -> None:
    scores = torch.arange(12, 0, -1.0)
    assert ndcg_at_10(scores, [0] * 10 + [3, 3]).item() == 0
    assert ndcg_at_10(scores, [0] * 9 + [3, 0, 0]).item() == pytest.approx(1 / math.log2(11))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(-1000, 1000)), min_size=1, max_size=25, unique_by=lambda x: x[1])
)
def test_ndcg_is_that_of_the_evaluation(documents: list[tuple[int, int]]) -> None:
    grades = [grade for grade, _ in documents]
    if not any(grades):
        grades[0] = 1
    scores = torch.tensor([float(score) for _, score in documents])
    ranking = sorted(range(len(grades)), key=lambda index: -documents[index][1])
    rankings = {"q": [f"d{index}" for index in ranking]}
    qrels = {"q": {f"d{index}": grade for index, grade in enumerate(grades)}}
    expected = evaluate(rankings, qrels)["nDCG@10"]["q"]
    assert ndcg_at_10(scores, grades).item() == pytest.approx(expected, abs=1e-12)


def test_mass_on_relevant_documents() -> None:
    queries = [judged([[0.5, 0.25, 2.0], [1.0, 1.0, 1.0]], [1, 2, 0]), judged([[4.0, 8.0], [-1.0, 0.0]], [0, 1])]
    assert detect_by_mass(queries).tolist() == [[(0.75 + 8) / 2, (2 + 0) / 2]]


def test_contrast_of_the_first_best_document_with_the_irrelevant_ones() -> None:
    """Documents 1 and 3 share the highest grade, 4 is relevant too: only 1 is the positive, only 0 and 2 negatives."""
    query = judged([[0.0, math.log(2.0), math.log(3.0), 50.0, 70.0]], [0, 2, 0, 2, 1])
    assert detect_by_contrast([query], 1.0).item() == pytest.approx(2 / (1 + 2 + 3))
    halved = detect_by_contrast([query], 0.5).item()
    assert halved == pytest.approx(4 / (1 + 4 + 9)), "the temperature divides"


def test_contrast_is_a_mean_over_queries_and_does_not_overflow() -> None:
    queries = [judged([[1.0, 0.0]], [1, 0]), judged([[0.0, 0.0, 0.0]], [0, 1, 0])]
    assert detect_by_contrast(queries, 1e-4).item() == pytest.approx((1 + 1 / 3) / 2)


def test_heads_are_ranked_by_score_then_place() -> None:
    table = torch.tensor([[0.2, 0.9], [0.9, 0.2], [1.0, 0.0]])
    assert ranked_heads(table) == [(2, 0), (0, 1), (1, 0), (0, 0), (1, 1), (2, 1)]
    assert ranked_heads(table, 2) == [(0, 1), (1, 0), (0, 0), (1, 1)]
