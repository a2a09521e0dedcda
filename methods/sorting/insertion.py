"""Setwise Insertion: the first k of a list that is nearly in order already (arXiv 2504.10509)."""

from __future__ import annotations

from collections.abc import Sequence

from methods.sorting.comparing import Group, Ranking, top_first
from methods.sorting.heapsort import heapsort


def insertion(count: int, arity: int, k: int, ranking: Ranking, whole: bool) -> list[int]:
    """Order ``count`` items so that the first ``k`` are the best ones; the others stay in their order.

    The first ``k`` items are sorted by a heap. Then the others, ``arity`` at a time, are compared with the last of the
    first ``k``; one that beats it takes its place and moves up by windows of ``arity + 1``. So a list that is in order
    already needs one comparison for every ``arity`` items (``insertionSort`` and ``bubble_insert`` of the authors'
    code, LeonPeric/llm-rankers @ 3d53274).

    Args:
        count: number of items; arity: items compared with another one; k: at least 1.
        ranking: is given one group at a time, but for the levels of the heap.
        whole: whether rankings are complete (``sort_compare`` there); then the first ``k`` are in order. Where only
            the best of a group is known (``max_compare``) an item stops up to ``arity - 1`` places too low, which is
            as published.
    """

    def best(groups: Sequence[Group]) -> list[int]:
        return [places[0] for places in ranking(groups)]

    top = heapsort(min(k, count), arity, k, best)
    waiting = list(range(k, count))
    while waiting:
        group = (top[-1], *waiting[:arity])
        waiting = waiting[arity:]
        places = ranking([group])[0]
        winner = places[0]
        if winner == 0:
            continue
        again = places[1 : places.index(0)] if whole else [place for place in range(1, len(group)) if place != winner]
        waiting = [*(group[place] for place in again), *waiting]
        top = _inserted([*top[:-1], group[winner]], arity, ranking, whole)
    return top_first(count, top)


def _inserted(items: list[int], arity: int, ranking: Ranking, whole: bool) -> list[int]:
    """``items``, best first but for the last one, with the last one moved up."""
    place = len(items) - 1
    while place > 0:
        front = max(0, place - arity)
        window = items[front : place + 1]
        places = ranking([tuple(window)])[0]
        first = places[0]
        arranged = places if whole else [first, *(other for other in range(len(window)) if other != first)]
        items[front : place + 1] = [window[other] for other in arranged]
        if first != len(window) - 1:
            break
        place = front
    return items
