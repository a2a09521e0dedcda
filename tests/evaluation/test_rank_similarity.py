"""Similarity of rankings: by hand, by the paper's other formula, and by its limits."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.evaluation.rank_similarity import kendall_tau, rank_biased_overlap

rankings = st.permutations("abcdefgh").flatmap(lambda order: st.integers(0, 8).map(lambda depth: order[:depth]))
persistence = st.floats(0.05, 0.95)


def test_by_hand() -> None:
    """Agreement 0 at depth 1, 1 at depth 2, and 1 from there on: (1 - p) / p * p^2 + p^2 = p."""
    assert rank_biased_overlap("ab", "ba", 0.5) == pytest.approx(0.5)
    assert rank_biased_overlap("ab", "ba", 0.9) == pytest.approx(0.9)
    assert rank_biased_overlap("ab", "cd") == 0
    # 1 and 1/2, and 1/2 from there on: (1 - p) + (1 - p) * p / 2 + p^2 / 2 with p = 0.8.
    assert rank_biased_overlap("ab", "ac", 0.8) == pytest.approx(0.2 + 0.08 + 0.32)


@given(one=st.permutations("abcdef"), other=st.permutations("cdefgh"), p=persistence)
def test_lists_of_one_length_follow_the_simpler_formula(one: list[str], other: list[str], p: float) -> None:
    """Equation 30: agreement at the end, plus the weighted agreements before it."""
    agreement = [len(set(one[:depth]) & set(other[:depth])) / depth for depth in range(1, 7)]
    expected = agreement[-1] * p**6 + (1 - p) / p * math.fsum(a * p**d for d, a in enumerate(agreement, 1))
    assert rank_biased_overlap(one, other, p) == pytest.approx(expected)


@given(one=rankings, other=rankings, p=persistence)
def test_limits_and_symmetry(one: list[str], other: list[str], p: float) -> None:
    value = rank_biased_overlap(one, other, p)
    assert -1e-9 <= value <= 1 + 1e-9
    assert rank_biased_overlap(other, one, p) == pytest.approx(value)
    assert rank_biased_overlap(one, one, p) == pytest.approx(1)


def test_the_top_counts_most() -> None:
    order = list("abcdefgh")
    top, bottom = list("bacdefgh"), list("abcdefhg")
    assert rank_biased_overlap(order, top) < rank_biased_overlap(order, bottom) < 1


def test_a_short_list_that_agrees_is_taken_to_go_on_so() -> None:
    assert rank_biased_overlap("ab", "abcdef") == pytest.approx(1)
    assert rank_biased_overlap("", "abc") == 0
    assert rank_biased_overlap("", "") == 1


@pytest.mark.parametrize(("one", "p"), [("aa", 0.9), ("ab", 0.0), ("ab", 1.0)])
def test_what_makes_no_sense_is_refused(one: str, p: float) -> None:
    with pytest.raises(ValueError, match=r"twice|between 0 and 1"):
        rank_biased_overlap(one, "ab", p)


def test_tau_counts_pairs_of_the_documents_in_both() -> None:
    assert kendall_tau("abcd", "abcd") == 1
    assert kendall_tau("abcd", "dcba") == -1
    assert kendall_tau("abc", "acb") == pytest.approx(1 / 3)
    assert kendall_tau("axb", "ayb") == 1
    assert kendall_tau("ab", "bc") is None
