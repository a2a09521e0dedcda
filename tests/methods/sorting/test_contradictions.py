"""Comparators that contradict themselves, as models do: every framework ends, keeps all items and its bounds."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from methods.sorting.bubblesort import bubblesort
from methods.sorting.comparing import Group, Pair, knockout
from methods.sorting.heapsort import heapsort
from methods.sorting.insertion import insertion
from methods.sorting.pairs import all_pairs
from tests.methods.sorting.test_bubblesort import plain

COUNTS, ARITIES, KS = st.integers(0, 30), st.integers(1, 4), st.integers(1, 35)
RANDOMS = st.randoms(use_true_random=False)


class Whimsical:
    """Answers at random, another way each time."""

    def __init__(self, source: object) -> None:
        self.source = source
        self.comparisons = 0

    def ranking(self, groups: Sequence[Group]) -> list[list[int]]:
        self.comparisons += len(groups)
        return [self.source.sample(range(len(group)), len(group)) for group in groups]  # type: ignore[attr-defined]

    def best(self, groups: Sequence[Group]) -> list[int]:
        return [places[0] for places in self.ranking(groups)]

    def prefer(self, pairs: Sequence[Pair]) -> list[int]:
        self.comparisons += len(pairs)
        return [self.source.choice([-1, 0, 1]) for _ in pairs]  # type: ignore[attr-defined]


@given(COUNTS, ARITIES, KS, RANDOMS)
def test_heapsort(count: int, arity: int, k: int, source: object) -> None:
    whim = Whimsical(source)
    assert sorted(heapsort(count, arity, k, whim.best)) == list(range(count))
    assert sorted(heapsort(count, 2, k, knockout(whim.prefer))) == list(range(count))


@given(COUNTS, ARITIES, KS, RANDOMS, st.sampled_from(["exact", "official"]))
def test_bubblesort(count: int, arity: int, k: int, source: object, skipping: str) -> None:
    whim = Whimsical(source)
    assert sorted(bubblesort(count, arity, k, whim.best, skipping)) == list(range(count))  # type: ignore[arg-type]
    assert whim.comparisons <= plain(count, arity, k)


@given(COUNTS, ARITIES, KS, RANDOMS, st.booleans())
def test_insertion(count: int, arity: int, k: int, source: object, whole: bool) -> None:
    whim = Whimsical(source)
    ranking = whim.ranking if whole else lambda groups: [[place] for place in whim.best(groups)]
    assert sorted(insertion(count, arity, k, ranking, whole)) == list(range(count))


@given(COUNTS, RANDOMS)
def test_all_pairs(count: int, source: object) -> None:
    points = all_pairs(count, Whimsical(source).prefer)
    assert sum(points) == count * (count - 1) / 2
