"""The sliding window of listwise re-rankers: from the back of the list to its front."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def sliding_order(count: int, window: int, stride: int, score: Callable[[Sequence[int]], Sequence[float]]) -> list[int]:
    """Order ``count`` items by sorting overlapping windows, the last one of the list first.

    Each window's items are put in order of their scores in place; then the window moves ``stride`` towards the front.
    The first positions are always reached; the last window may be shorter than the others.

    Args:
        count: number of items; window: items a window; stride: positions moved, at most ``window``.
        score: scores of the given items (indices in current order, best first); higher is better.

    Returns:
        Item indices, best first. Equal scores keep their order.
    """
    order = list(range(count))
    back = count
    while True:
        front = max(0, back - window)
        items = order[front:back]
        scores = score(items)
        ranked = sorted(range(len(items)), key=lambda index: -scores[index])
        order[front:back] = [items[index] for index in ranked]
        if front == 0:
            return order
        back -= stride
