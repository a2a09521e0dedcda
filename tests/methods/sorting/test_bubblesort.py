"""Passes find the first k with no more comparisons than plain passes, and lose nothing where windows are skipped."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from methods.sorting.bubblesort import bubblesort, sliding
from methods.sorting.comparing import knockout
from tests.methods.sorting.counted import Truth

LISTS = st.integers(0, 60).flatmap(lambda count: st.permutations(range(count)))


def plain(count: int, arity: int, k: int) -> int:
    """Comparisons of the published algorithm without skipping: windows of ``arity + 1`` that overlap by one."""
    return sum(-(-(count - 1 - settled) // arity) for settled in range(min(k, max(0, count - 1))))


@given(LISTS, st.integers(1, 5), st.integers(1, 70))
def test_the_first_k_are_right_with_no_more_comparisons_than_plain_passes(value: list[int], arity: int, k: int) -> None:
    truth = Truth(value)
    order = bubblesort(len(value), arity, k, truth.best)
    assert order[:k] == truth.top(k)
    assert sorted(order) == list(range(len(value)))
    assert truth.comparisons <= plain(len(value), arity, k)


@given(LISTS, st.integers(1, 70))
def test_with_one_child_the_official_count_loses_nothing_and_is_ours(value: list[int], k: int) -> None:
    ours, official = Truth(value), Truth(value)
    assert bubblesort(len(value), 1, k, ours.best) == bubblesort(len(value), 1, k, official.best, "official")
    assert ours.calls == official.calls


@given(LISTS, st.integers(2, 5), st.integers(1, 20))
def test_the_official_count_keeps_all_items_and_finds_the_first(value: list[int], arity: int, k: int) -> None:
    truth = Truth(value)
    order = bubblesort(len(value), arity, k, truth.best, "official")
    assert order[:1] == truth.top(1)
    assert sorted(order) == list(range(len(value)))
    assert truth.comparisons <= plain(len(value), arity, k)


def test_what_the_official_count_misses() -> None:
    value = [9, 8, 6, 7, 5, 4, 3, 2]
    assert bubblesort(8, 2, 4, Truth(value).best, "official")[:4] == [0, 1, 2, 3]
    assert bubblesort(8, 2, 4, Truth(value).best)[:4] == [0, 1, 3, 2]


def test_a_list_in_order_costs_one_pass_with_one_child() -> None:
    truth = Truth(list(range(100, 0, -1)))
    bubblesort(100, 1, 10, truth.best)
    assert truth.calls == [1] * 99


@given(LISTS, st.integers(1, 70))
def test_sliding_makes_whole_passes(value: list[int], passes: int) -> None:
    truth = Truth(value)
    order = sliding(len(value), passes, knockout(truth.prefer))
    assert order[:passes] == truth.top(passes)
    assert truth.comparisons == passes * max(0, len(value) - 1)


@given(LISTS, st.integers(1, 20))
def test_skipping_changes_no_order_that_sliding_gives(value: list[int], passes: int) -> None:
    truth = Truth(value)
    sorted_by_passes = sliding(len(value), passes, knockout(truth.prefer))
    assert bubblesort(len(value), 1, passes, knockout(truth.prefer)) == sorted_by_passes
