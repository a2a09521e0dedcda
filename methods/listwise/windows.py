"""The sliding window of listwise re-rankers: from the back of the list to its front."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

LastWindow = Literal["short", "full"]
"""What happens when less than a window is left at the front: it is ranked all the same, or not at all."""


def sliding_order(
    count: int,
    window: int,
    stride: int,
    score: Callable[[Sequence[int]], Sequence[float]],
    last: LastWindow = "short",
) -> list[int]:
    """Order ``count`` items by sorting overlapping windows, the last one of the list first.

    Each window's items are put in order of their scores in place; then the window moves ``stride`` towards the front.

    Args:
        count: number of items; window: items a window; stride: positions moved, at most ``window``.
        score: scores of the given items (indices in current order, best first); higher is better.
        last: see `bounds`.

    Returns:
        Item indices, best first. Equal scores keep their order.
    """
    order = list(range(count))
    for front, back in bounds(count, window, stride, last):
        items = order[front:back]
        scores = score(items)
        ranked = sorted(range(len(items)), key=lambda index: -scores[index])
        order[front:back] = [items[index] for index in ranked]
    return order


def bounds(count: int, window: int, stride: int, last: LastWindow = "short") -> Iterator[tuple[int, int]]:
    """Half-open ranges of positions that are ranked, in order.

    Args:
        count, window, stride: as in `sliding_order`.
        last: ``short``: the first positions are always ranked, if need be in a window shorter than the others
            (castorini/rank_llm, gangiswag/llm-reranker). ``full``: only whole windows are, so that the head of the list
            can stay as it is (sunnweiwei/RankGPT @ 0d62bc3, ``sliding_windows``). A list of at most one window is one
            window either way.
    """
    if count <= window:
        yield 0, count
        return
    back = count
    while True:
        front = max(0, back - window)
        if last == "full" and back < window:
            return
        yield front, back
        if front == 0:
            return
        back -= stride
