"""The heap finds the first k with the comparisons of the published algorithm, and asks a level at a time."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods.sorting.comparing import knockout
from methods.sorting.heapsort import heapsort
from tests.methods.sorting.counted import Truth

LISTS = st.integers(0, 60).flatmap(lambda count: st.permutations(range(count)))


class Recursive:
    """The published heapsort as it is told: one node after the other, each sinking at once. Counts comparisons."""

    def __init__(self, value: Any, arity: int) -> None:
        self.heap = list(value)
        self.arity = arity
        self.comparisons = 0

    def sink(self, node: int, size: int) -> None:
        family = [node, *(node * self.arity + child for child in range(1, self.arity + 1))]
        family = [position for position in family if position < size]
        if len(family) == 1:
            return
        self.comparisons += 1
        largest = max(family, key=lambda position: self.heap[position])
        if largest != node:
            self.heap[node], self.heap[largest] = self.heap[largest], self.heap[node]
            self.sink(largest, size)

    def run(self, k: int) -> list[int]:
        size = len(self.heap)
        for node in reversed(range(size)):
            self.sink(node, size)
        taken = []
        while size > 1 and len(taken) < k:
            if taken:
                self.sink(0, size)
            size -= 1
            self.heap[0], self.heap[size] = self.heap[size], self.heap[0]
            taken.append(self.heap[size])
        return taken


@given(LISTS, st.integers(1, 5), st.integers(1, 70))
def test_the_first_k_are_right_with_the_published_comparisons(value: list[int], arity: int, k: int) -> None:
    truth, reference = Truth(value), Recursive(value, arity)
    order = heapsort(len(value), arity, k, truth.best)
    assert order[:k] == truth.top(k)
    assert order[k:] == sorted(order[k:]), "the others stay in their order"
    assert sorted(order) == list(range(len(value)))
    assert [value[item] for item in order[: min(k, len(value) - 1)]] == reference.run(k)
    assert truth.comparisons == reference.comparisons


@given(LISTS, st.integers(1, 70))
def test_by_pairs_a_node_costs_a_comparison_for_each_child(value: list[int], k: int) -> None:
    truth = Truth(value)
    order = heapsort(len(value), 2, k, knockout(truth.prefer))
    assert order[:k] == truth.top(k)
    sets = Truth(value)
    heapsort(len(value), 2, k, sets.best)
    assert sets.comparisons <= truth.comparisons <= 2 * sets.comparisons


def test_a_level_of_the_heap_is_one_call() -> None:
    truth = Truth(list(range(31, 0, -1)))
    heapsort(31, 2, 1, truth.best)
    assert truth.calls == [8, 4, 2, 1], "in order already: nothing sinks"
    truth = Truth(list(range(31)))
    heapsort(31, 2, 1, truth.best)
    assert truth.calls[:3] == [8, 4, 4], "what sank from the second level is compared once more, together"


@pytest.mark.parametrize(("count", "expected"), [(0, []), (1, [0]), (2, [1, 0])])
def test_short_lists(count: int, expected: list[int]) -> None:
    assert heapsort(count, 2, 10, Truth(list(range(count))).best) == expected
