"""Points from all pairs (PRP-Allpair, arXiv 2306.17563)."""

from __future__ import annotations

from itertools import combinations

from methods.sorting.comparing import Prefer


def all_pairs(count: int, prefer: Prefer) -> list[float]:
    """Points of each item: one for a win, half of one for a tie. All pairs are asked at once."""
    pairs = list(combinations(range(count), 2))
    points = [0.0] * count
    for (one, other), outcome in zip(pairs, prefer(pairs) if pairs else (), strict=True):
        points[one] += (1 + outcome) / 2
        points[other] += (1 - outcome) / 2
    return points
