"""Passes from the back of a list to its front, each of which carries the best item up."""

from __future__ import annotations

from typing import Literal

from methods.sorting.comparing import Best

Skipping = Literal["exact", "official"]


def bubblesort(count: int, arity: int, k: int, best: Best, skipping: Skipping = "exact") -> list[int]:
    """Order ``count`` items so that the first ``k`` are the best ones in order.

    Pass ``i`` moves a window of ``arity + 1`` positions from the back to position ``i``; windows overlap by one, and
    the best item changes places with the window's first. Windows at the back that cannot have changed since they
    were last compared are skipped, as in ``rerank`` of ielab/llm-rankers @ f6fb0dc (``setwise.py``; with one child
    ``pairwise.py``).

    Args:
        count: number of items; arity: items compared with the window's first; k: at least 1.
        best: is given one window at a time, since each waits for the one before.
        skipping: ``official``: where a pass begins is counted as the official code does, which with more than one
            child loses track of the windows once the front is reached, and can then miss an item that belongs to the
            first ``k``. ``exact``: it is not lost. A window of one item is compared in neither.
    """
    order = list(range(count))
    # A window is named by the position of its first item, were it not cut short by the items that are settled.
    lowest = back = count - 1 - arity
    for settled in range(min(k, count - 1)):
        if skipping == "exact":
            while back + arity < settled:
                back += arity
        window, changed = back, False
        while True:
            front = max(window, settled)
            items = order[front : window + arity + 1]
            place = best([tuple(items)])[0] if len(items) > 1 else 0
            if place:
                order[front], order[front + place] = order[front + place], order[front]
                if not changed and place == len(items) - 1 and back != lowest:
                    # The window below begins with this item now.
                    back += arity if skipping == "exact" else len(items) - 1
                changed = True
            if front == settled:
                break
            if not changed:
                back -= arity
            window -= arity
    return order


def sliding(count: int, passes: int, best: Best) -> list[int]:
    """Order ``count`` items by whole passes over neighbours, last pair first (PRP-Sliding-K, arXiv 2306.17563).

    Args:
        count: number of items; passes: K; each has ``count - 1`` comparisons.
        best: is given two neighbours, the upper one first; they change places where the lower one is better.
    """
    order = list(range(count))
    for _ in range(passes):
        for upper in range(count - 2, -1, -1):
            if best([(order[upper], order[upper + 1])])[0]:
                order[upper], order[upper + 1] = order[upper + 1], order[upper]
    return order
