"""Pseudo labels: for one training query the heads whose summed scores rank its candidates best. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from methods.heads.detection import Judged, ndcg_at_10

Search = Literal["greedy", "swap", "beam"]

TIE = 1e-3
"""Weight of the margin beside nDCG@10: it settles what nDCG leaves open."""

BEAM = 4
"""Partial sets that the beam search keeps."""

_LEAST_GAIN = 1e-6


def objective(scores: Tensor, grades: Sequence[int]) -> Tensor:
    """nDCG@10, ties broken by how far relevant documents stand above the others.

    The margin is the difference of the two means over the standard deviation of all scores, squashed into -1 to 1.

    Args:
        scores: ``[..., documents]``; grades: with at least one above 0 and one that is not.

    Returns:
        ``[...]`` float64.
    """
    relevant = torch.tensor([grade > 0 for grade in grades])
    values = scores.double()
    gap = values[..., relevant].mean(-1) - values[..., ~relevant].mean(-1)
    margin = torch.tanh(gap / (values.std(-1) + 1e-12))
    return ndcg_at_10(scores, grades) + TIE * margin


def search(query: Judged, most: int, how: Search) -> list[int]:
    """The heads that rank one query's candidates best.

    ``greedy`` adds the head that helps most until none helps; ``swap`` then exchanges single heads as long as that
    helps (what the paper describes); ``beam`` keeps the `BEAM` best partial sets at every size.

    Args:
        query: scores ``[heads, documents]``; most: heads in the set.

    Returns:
        Indices of heads, at least one, ascending.
    """
    if how == "beam":
        return _beam(query, most)
    chosen = _greedy(lambda total: objective(total + query.scores, query.grades), query.scores, most)
    return sorted(_swapped(query, chosen) if how == "swap" else chosen)


def static_set(queries: Sequence[Judged], most: int) -> list[int]:
    """The one set that ranks best on average over all queries, by forward selection; best head first.

    Args:
        queries: scores ``[heads, documents]`` each, the same heads in the same order; most: heads in the set.
    """
    totals = [torch.zeros_like(query.scores[0]) for query in queries]
    chosen: list[int] = []
    best = float("-inf")
    while len(chosen) < most:
        values = torch.stack(
            [objective(total + query.scores, query.grades) for total, query in zip(totals, queries, strict=True)]
        ).mean(0)
        values[chosen] = float("-inf")
        head = int(values.argmax())
        if values[head] <= best + _LEAST_GAIN:
            break
        best = float(values[head])
        chosen.append(head)
        totals = [total + query.scores[head] for total, query in zip(totals, queries, strict=True)]
    return chosen


def _greedy(value: Callable[[Tensor], Tensor], scores: Tensor, most: int) -> list[int]:
    total = torch.zeros_like(scores[0])
    chosen: list[int] = []
    best = float("-inf")
    while len(chosen) < min(most, len(scores)):
        values = value(total)
        values[chosen] = float("-inf")
        head = int(values.argmax())
        if values[head] <= best + _LEAST_GAIN:
            break
        best = float(values[head])
        chosen.append(head)
        total = total + scores[head]
    return chosen


def _swapped(query: Judged, chosen: list[int]) -> list[int]:
    """Exchange one head at a time while the set gets better."""
    current = list(chosen)
    best = float(objective(query.scores[current].sum(0), query.grades))
    improved = True
    while improved:
        improved = False
        for place in range(len(current)):
            rest = current[:place] + current[place + 1 :]
            values = objective(query.scores[rest].sum(0) + query.scores, query.grades)
            values[rest] = float("-inf")
            head = int(values.argmax())
            if values[head] > best + _LEAST_GAIN:
                best, improved = float(values[head]), True
                current[place] = head
    return current


def _beam(query: Judged, most: int) -> list[int]:
    sets: list[tuple[float, tuple[int, ...]]] = [(float("-inf"), ())]
    best: tuple[float, tuple[int, ...]] = sets[0]
    for _ in range(min(most, len(query.scores))):
        grown: dict[tuple[int, ...], float] = {}
        for _, heads in sets:
            values = objective(query.scores[list(heads)].sum(0) + query.scores, query.grades)
            values[list(heads)] = float("-inf")
            top = values.topk(min(BEAM, len(values) - len(heads)))
            for value, head in zip(top.values.tolist(), top.indices.tolist(), strict=True):
                grown[tuple(sorted((*heads, head)))] = value
        sets = sorted(((value, heads) for heads, value in grown.items()), reverse=True)[:BEAM]
        if sets[0][0] <= best[0] + _LEAST_GAIN:
            break
        best = sets[0]
    return list(best[1])
