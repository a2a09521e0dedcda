"""All pairs: every pair once, one point a win and half of one a tie."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from methods.sorting.comparing import knockout, top_first
from methods.sorting.pairs import all_pairs
from tests.methods.sorting.counted import Truth


@given(st.lists(st.integers(0, 5), max_size=30))
def test_points(value: list[int]) -> None:
    truth = Truth(value)
    points = all_pairs(len(value), truth.prefer)
    for item, own in enumerate(value):
        others = value[:item] + value[item + 1 :]
        assert points[item] == sum(own > other for other in others) + 0.5 * sum(own == other for other in others)
    assert sum(points) == len(value) * (len(value) - 1) / 2 == truth.comparisons
    assert len(truth.calls) == (1 if len(value) > 1 else 0), "all of them in one call"


@given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=5), max_size=5))
def test_a_knockout_takes_one_comparison_less_than_items_and_keeps_the_first_of_equals(values: list[list[int]]) -> None:
    flat = [value for group in values for value in group]
    groups, start = [], 0
    for group in values:
        groups.append(tuple(range(start, start + len(group))))
        start += len(group)
    truth = Truth(flat)
    assert knockout(truth.prefer)(groups) == [group.index(max(group)) for group in values]
    assert truth.comparisons == sum(len(group) - 1 for group in values)
    assert len(truth.calls) == max((len(group) - 1 for group in values), default=0)


def test_the_rest_follows_in_order() -> None:
    assert top_first(5, [3, 1]) == [3, 1, 0, 2, 4]
