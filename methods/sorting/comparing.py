"""What the frameworks ask: who is best of a group, or which of two is better."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

Group = tuple[int, ...]
"""Two or more items that are compared at once, in the order in which they are shown."""

Pair = tuple[int, int]

Best = Callable[[Sequence[Group]], Sequence[int]]
"""For each group the place of its best item, from 0. The groups of one call are independent of each other."""

Ranking = Callable[[Sequence[Group]], Sequence[Sequence[int]]]
"""For each group its places, best first; the first alone where no more is known."""

Prefer = Callable[[Sequence[Pair]], Sequence[int]]
"""For each pair 1 where its first item is better, -1 where its second is, 0 where neither is. Independent, too."""


def knockout(prefer: Prefer) -> Best:
    """The best of a group by pairs: each item in turn challenges the best one so far, which a tie leaves in place.

    One comparison less than the group has items. The groups' comparisons of the same turn are asked together.
    """

    def best(groups: Sequence[Group]) -> list[int]:
        holders = [0] * len(groups)
        for turn in range(1, max(map(len, groups), default=0)):
            numbers = [number for number, group in enumerate(groups) if turn < len(group)]
            outcomes = prefer([(groups[number][turn], groups[number][holders[number]]) for number in numbers])
            for number, outcome in zip(numbers, outcomes, strict=True):
                if outcome > 0:
                    holders[number] = turn
        return holders

    return best


def top_first(count: int, top: Iterable[int]) -> list[int]:
    """The items of ``top`` in their order, then all others of ``count`` items in theirs."""
    found = list(top)
    return [*found, *sorted(set(range(count)) - set(found))]
