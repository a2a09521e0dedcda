"""Comparators that cannot contradict themselves, and count."""

from __future__ import annotations

from collections.abc import Sequence

from methods.sorting.comparing import Group, Pair


class Truth:
    """Knows how good every item is; of equal ones the first shown is better.

    Attributes:
        calls: how many groups or pairs each call asked about.
    """

    def __init__(self, value: Sequence[float]) -> None:
        self.value = value
        self.calls: list[int] = []

    def ranking(self, groups: Sequence[Group]) -> list[list[int]]:
        self.calls.append(len(groups))
        for group in groups:
            assert len(set(group)) == len(group) > 1, "an item is compared with itself, or with nothing"
        return [sorted(range(len(group)), key=lambda place: -self.value[group[place]]) for group in groups]

    def best(self, groups: Sequence[Group]) -> list[int]:
        items = [item for group in groups for item in group]
        assert len(set(items)) == len(items), "comparisons of one call share an item"
        return [places[0] for places in self.ranking(groups)]

    def prefer(self, pairs: Sequence[Pair]) -> list[int]:
        self.calls.append(len(pairs))
        return [(self.value[one] > self.value[other]) - (self.value[one] < self.value[other]) for one, other in pairs]

    @property
    def comparisons(self) -> int:
        return sum(self.calls)

    def top(self, k: int) -> list[int]:
        return sorted(range(len(self.value)), key=lambda item: -self.value[item])[:k]
