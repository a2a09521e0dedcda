"""Insertion finds the first k, cheaply where the list is nearly in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from methods.sorting.heapsort import heapsort
from methods.sorting.insertion import insertion
from tests.methods.sorting.counted import Truth

LISTS = st.integers(0, 60).flatmap(lambda count: st.permutations(range(count)))


def most(count: int, arity: int, k: int) -> int:
    """Comparisons after the heap, at worst: every item is inserted, and the chunk it came from is compared again."""
    after = max(0, count - k)
    return after * (1 + -(-max(0, k - 1) // arity)) + after


@given(LISTS, st.integers(1, 5), st.integers(1, 30))
def test_with_whole_rankings_the_first_k_are_right(value: list[int], arity: int, k: int) -> None:
    truth, heap = Truth(value), Truth(value[:k])
    order = insertion(len(value), arity, k, truth.ranking, whole=True)
    assert order[:k] == truth.top(k)
    assert order[k:] == sorted(order[k:])
    heapsort(len(value[:k]), arity, k, heap.best)
    assert truth.comparisons - heap.comparisons <= most(len(value), arity, k)


@given(LISTS, st.integers(1, 5), st.integers(1, 30))
def test_with_the_best_alone_the_first_is_right_and_nothing_is_lost(value: list[int], arity: int, k: int) -> None:
    truth = Truth(value)
    order = insertion(len(value), arity, k, lambda groups: [[places[0]] for places in truth.ranking(groups)], False)
    assert sorted(order) == list(range(len(value)))
    assert order[:1] == truth.top(1)
    if arity == 1:
        assert order[:k] == truth.top(k)


def test_a_list_in_order_costs_one_comparison_a_chunk_after_the_heap() -> None:
    value = list(range(100, 0, -1))
    for arity in (1, 2, 3):
        for whole in (False, True):
            truth, heap = Truth(value), Truth(value[:10])
            assert insertion(100, arity, 10, truth.ranking, whole) == list(range(100))
            heapsort(10, arity, 10, heap.best)
            assert truth.comparisons == heap.comparisons + -(-90 // arity)


def test_an_item_moves_up_by_windows_and_may_stop_too_low_where_only_the_best_is_known() -> None:
    value = [90, 80, 70, 60, 65]
    truth = Truth(value)
    best_alone = insertion(5, 2, 4, lambda groups: [[places[0]] for places in truth.ranking(groups)], False)
    assert best_alone == [0, 1, 2, 4, 3]
    value = [90, 80, 70, 60, 75]
    truth = Truth(value)
    best_alone = insertion(5, 2, 4, lambda groups: [[places[0]] for places in truth.ranking(groups)], False)
    assert best_alone == [0, 1, 2, 4, 3], "75 is below 80 and stays behind 70, as published"
    assert insertion(5, 2, 4, Truth(value).ranking, True) == [0, 1, 4, 2, 3]
