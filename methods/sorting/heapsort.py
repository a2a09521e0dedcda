"""The first k of a list by a heap whose nodes have several children (arXiv 2310.09497; ielab/llm-rankers)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from methods.sorting.comparing import Best, top_first


def heapsort(count: int, arity: int, k: int, best: Best) -> list[int]:
    """Order ``count`` items so that the first ``k`` are the best ones in order; the others stay in theirs.

    The same comparisons as ``heapSort`` of ielab/llm-rankers @ f6fb0dc. While the heap is built, the nodes of a level
    are compared with their children at once, and those that sink are compared again at once: their subtrees share no
    item. After that every comparison waits for the one before.

    Args:
        count: number of items; arity: children of a node; k: at least 1.
        best: is given a node and its children; place 0 is the node.
    """
    heap = list(range(count))
    for level in reversed(list(_levels(count, arity))):
        _sink(heap, level, count, arity, best)
    for taken in range(1, min(k, count - 1) + 1):
        last = count - taken
        heap[0], heap[last] = heap[last], heap[0]
        if taken < k:
            _sink(heap, [0], last, arity, best)
    return top_first(count, heap[::-1][:k])


def _levels(count: int, arity: int) -> Iterator[range]:
    """Positions of the nodes of each level, the root's first."""
    start, width = 0, 1
    while start < count:
        yield range(start, min(start + width, count))
        start += width
        width *= arity


def _sink(heap: list[int], nodes: Iterable[int], size: int, arity: int, best: Best) -> None:
    """Let the items at ``nodes`` sink, in the heap of the first ``size`` positions, until none has a better child."""
    while True:
        families = [[node, *range(arity * node + 1, min(arity * (node + 1) + 1, size))] for node in nodes]
        families = [family for family in families if len(family) > 1]
        if not families:
            return
        places = best([tuple(heap[node] for node in family) for family in families])
        sinking = []
        for family, place in zip(families, places, strict=True):
            if place:
                node, child = family[0], family[place]
                heap[node], heap[child] = heap[child], heap[node]
                sinking.append(child)
        nodes = sinking
