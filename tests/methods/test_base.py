"""What every method has at hand."""

from __future__ import annotations

from methods.base import Candidate, by_rank


def test_scores_put_candidates_in_the_order_they_are_given() -> None:
    assert by_rank([2, 0, 1]) == [2.0, 1.0, 3.0]
    assert by_rank([]) == []


def test_a_title_stands_in_front_of_the_text() -> None:
    assert Candidate("d", "Ten countries.", title="Danube").titled == "Danube Ten countries."
    for nothing in (None, ""):
        assert Candidate("d", "Ten countries.", title=nothing).titled == "Ten countries."
