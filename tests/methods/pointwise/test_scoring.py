"""Graded labels and written scores as numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods.pointwise.scoring import expected_relevance, peak_relevance, written_score

values = st.lists(st.floats(-1000, 0), min_size=2, max_size=6)


def test_the_expected_grade_by_hand() -> None:
    likelihoods = [math.log(value) for value in (0.1, 0.2, 0.2)]
    assert expected_relevance(likelihoods, [2, 1, 0]) == pytest.approx((0.1 * 2 + 0.2) / 0.5)


@given(values, st.floats(-500, 500))
def test_only_differences_of_likelihoods_matter_to_the_expectation(likelihoods: list[float], shift: float) -> None:
    grades = [float(grade) for grade in range(len(likelihoods) - 1, -1, -1)]
    found = expected_relevance(likelihoods, grades)
    assert 0 <= found <= grades[0]
    assert found == pytest.approx(expected_relevance([value + shift for value in likelihoods], grades), abs=1e-6)


@given(values)
def test_the_peak_is_the_highest_grades_own_likelihood(likelihoods: list[float]) -> None:
    grades = [float(grade) for grade in range(len(likelihoods) - 1, -1, -1)]
    assert peak_relevance(likelihoods, grades) == likelihoods[0]
    assert peak_relevance(likelihoods, grades[::-1]) == likelihoods[-1]


@pytest.mark.parametrize(
    ("text", "score", "before", "fault"),
    [
        ("<think>It names the river.</think><answer>7</answer>", 7, "<think>It names the river.</think><answer>", None),
        ("<think>a</think>\n<answer>\n10\n</answer> done", 10, "<think>a</think>\n<answer>\n", None),
        (
            "<think>is it <answer>3</answer>?</think><answer>0",
            0,
            "<think>is it <answer>3</answer>?</think><answer>",
            None,
        ),
        ("<think>It names 7 rivers", None, "<think>It names 7 rivers", "refusal"),
        ("<answer>seven</answer>", None, "<answer>seven</answer>", "refusal"),
        ("<answer>7.5</answer>", None, "<answer>7.5</answer>", "refusal"),
        ("<answer>11</answer>", None, "<answer>11</answer>", "out_of_range"),
        ("<answer>-1</answer>", None, "<answer>-1</answer>", "refusal"),
        ("<answer></answer>", None, "<answer></answer>", "refusal"),
        ("", None, "", "refusal"),
    ],
)
def test_written_scores(text: str, score: int | None, before: str, fault: str | None) -> None:
    assert written_score(text, 10) == (score, before, fault)


@given(st.text())
def test_any_text_is_read_or_named(text: str) -> None:
    score, before, fault = written_score(text, 10)
    assert (score is None) == (fault is not None)
    assert text.startswith(before)
