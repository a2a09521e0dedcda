"""Which points no other point beats. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def front(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Whether each ``(cost, quality)`` is on the Pareto front: nothing is as good for less, or better for as much.

    Equal points are on it together.
    """
    on_it = [False] * len(points)
    best = float("-inf")
    by_cost = sorted(range(len(points)), key=lambda place: (points[place][0], -points[place][1]))
    for number, place in enumerate(by_cost):
        _cost, quality = points[place]
        twin = number > 0 and points[by_cost[number - 1]] == points[place] and on_it[by_cost[number - 1]]
        if quality > best or twin:
            on_it[place] = True
        best = max(best, quality)
    return on_it
