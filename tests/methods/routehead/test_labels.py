"""Pseudo labels: the objective by hand, and the searches against brute force."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from methods.heads.detection import Judged
from methods.routehead.labels import BEAM, TIE, objective, search, static_set

HOWS = ("greedy", "swap", "beam")
SLACK = 1e-6
"""Gains below this end a search."""


@st.composite
def tables(draw: st.DrawFn) -> Judged:
    """One query: up to six heads, three to eight documents, at least one relevant and one not."""
    heads, documents = draw(st.integers(1, 6)), draw(st.integers(3, 8))
    grades = draw(
        st.lists(st.integers(0, 2), min_size=documents, max_size=documents).filter(
            lambda values: 0 < sum(value > 0 for value in values) < documents
        )
    )
    stream = torch.Generator().manual_seed(draw(st.integers(0, 10_000)))
    return Judged(torch.randn(heads, documents, generator=stream), grades)


def value(query: Judged, heads: list[int]) -> float:
    return float(objective(query.scores[heads].sum(0), query.grades))


def test_the_objective_of_a_case_worked_out_by_hand() -> None:
    """Relevant documents have ranks 1 and 3 and mean 4, the others mean 2; the standard deviation is sqrt(14/3)."""
    ndcg = (1 + 1 / 2) / (1 + 1 / math.log2(3))
    margin = math.tanh(((5 + 3) / 2 - (4 + 0) / 2) / math.sqrt(14 / 3))
    found = objective(torch.tensor([5.0, 4.0, 3.0, 0.0]), [1, 0, 1, 0])
    assert float(found) == pytest.approx(ndcg + TIE * margin, abs=1e-9)


def test_the_margin_settles_only_what_ndcg_leaves_open() -> None:
    grades = [1, 0, 0]
    wide, narrow, second = torch.tensor([[9.0, 1.0, 0.0], [3.0, 2.9, 0.0], [99.0, 100.0, -500.0]])
    values = objective(torch.stack([wide, narrow, second]), grades)
    assert values[0] > values[1] > values[2]
    assert values[0] - values[1] < TIE
    assert search(Judged(torch.stack([second, narrow, wide]), grades), 1, "greedy") == [2]


def test_equal_scores_are_no_division_by_zero() -> None:
    assert objective(torch.ones(3), [1, 0, 0]) == 1.0


@settings(max_examples=60, deadline=None)
@given(query=tables(), most=st.integers(1, 5))
def test_no_search_is_worse_than_the_best_head_nor_swaps_than_none(query: Judged, most: int) -> None:
    best = max(value(query, [head]) for head in range(len(query.scores)))
    found = {how: search(query, most, how) for how in HOWS}
    for how, heads in found.items():
        assert heads == sorted(set(heads)), how
        assert 1 <= len(heads) <= most, how
        assert value(query, heads) >= best - SLACK, how
    assert value(query, found["swap"]) >= value(query, found["greedy"]) - SLACK


@settings(max_examples=40, deadline=None)
@given(query=tables())
def test_of_one_head_every_search_finds_the_best(query: Judged) -> None:
    values = [value(query, [head]) for head in range(len(query.scores))]
    for how in HOWS:
        (head,) = search(query, 1, how)
        assert values[head] == max(values), how


def test_swapping_mends_what_greedy_cannot_take_back() -> None:
    mended = 0
    for seed in range(30):
        query = Judged(torch.randn(8, 12, generator=torch.Generator().manual_seed(seed)), [1, 0, 0, 0, 2, *[0] * 7])
        greedy, swapped = (value(query, search(query, 3, how)) for how in ("greedy", "swap"))
        mended += swapped > greedy + SLACK
    assert mended > 0


def test_a_beam_as_wide_as_the_heads_finds_the_best_pair() -> None:
    for seed in range(30):
        query = Judged(torch.randn(BEAM, 6, generator=torch.Generator().manual_seed(seed)), [1, 0, 2, 0, 0, 1])
        sets = [[head] for head in range(BEAM)] + [[a, b] for a in range(BEAM) for b in range(a)]
        assert value(query, search(query, 2, "beam")) >= max(value(query, heads) for heads in sets) - SLACK


def test_the_static_set_takes_what_helps_on_average() -> None:
    """Head 0 serves the first query alone, 1 the second alone, 2 both; then no head adds anything."""
    first = Judged(torch.tensor([[9.0, 0.0, 0.0], [0.0, 9.0, 0.0], [4.0, 3.0, 0.0]]), [1, 0, 0])
    second = Judged(torch.tensor([[9.0, 0.0, 0.0], [0.0, 9.0, 0.0], [3.0, 4.0, 0.0]]), [0, 1, 0])
    assert static_set([first, second], 3) == [2]
    assert static_set([first], 3) == [0]
    assert static_set([second], 3) == [1]


def test_the_static_set_is_the_best_first_and_at_most_as_large_as_asked() -> None:
    stream = torch.Generator().manual_seed(3)
    queries = [Judged(torch.randn(7, 8, generator=stream), [1, 0, 0, 2, 0, 0, 0, 1]) for _ in range(5)]
    alone = [sum(value(query, [head]) for query in queries) for head in range(7)]
    found = static_set(queries, 4)
    assert found[0] == alone.index(max(alone))
    assert len(set(found)) == len(found) <= 4
    means = [sum(value(query, found[:size]) for query in queries) for size in range(1, len(found) + 1)]
    assert means == sorted(means)
