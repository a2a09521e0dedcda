"""How close a router comes to the best heads per query: cross-validation over score tables (RouteHead, 2604.24608)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from benchmark.evaluation.statistics import bootstrap_interval
from methods.heads.detection import Judged, detect_by_ndcg, ndcg_at_10, ranked_heads
from methods.heads.notation import Head, parse_heads
from methods.routehead.labels import search
from methods.routehead.method import RouteHeadSettings, learn, one_thread
from methods.routehead.router import Router

WAYS = ("first stage", "all heads", "QRHead's 16", "best static set", "router", "oracle")


@dataclass(frozen=True)
class Way:
    """One way to choose heads, over queries it never saw.

    Attributes:
        values: nDCG@10 of each query, in order; heads: mean number of heads.
    """

    name: str
    values: tuple[float, ...]
    heads: float

    @property
    def mean(self) -> float:
        """Mean nDCG@10."""
        return fmean(self.values)

    @property
    def interval(self) -> tuple[float, float]:
        """95%, by bootstrap over queries."""
        return bootstrap_interval(list(self.values))


def cross_validate(judged: Sequence[Judged], states: Tensor, settings: RouteHeadSettings, folds: int) -> list[Way]:
    """Fit on all folds but one, measure on that one, for every fold.

    ``oracle`` searches the label of the measured query itself among the candidates of the fold: what the router would
    reach if it foresaw every label. ``QRHead's 16`` adds up per-head masked scores; the method masks after adding.

    Args:
        judged: calibrated tables ``[layers, heads, documents]`` in first-stage order of documents.
        states: ``[queries, hidden size]``; folds: at least 2, at most the number of queries.
    """
    order = list(range(len(judged)))
    random.Random(settings.seed).shuffle(order)
    values: dict[str, dict[int, float]] = {way: {} for way in WAYS}
    sizes: dict[str, list[int]] = {way: [] for way in WAYS}

    def note(way: str, query: int, heads: Sequence[Head] | None) -> None:
        table = judged[query]
        if heads is None:
            scores = -torch.arange(table.scores.shape[-1], dtype=torch.float64)
        else:
            scores = table.scores[tuple(torch.tensor(list(heads)).T)].sum(0)
        values[way][query] = float(ndcg_at_10(scores, table.grades))
        sizes[way].append(len(heads or ()))

    for fold in range(folds):
        measured = set(order[fold::folds])
        used = [query for query in range(len(judged)) if query not in measured]
        training = [judged[query] for query in used]
        fitted = learn(training, states[used], settings, {})
        router = Router.from_tensors(fitted.tensors)
        candidates = parse_heads(str(fitted.facts["candidates"]))
        static = parse_heads(",".join(fitted.heads))
        usual = ranked_heads(detect_by_ndcg(training))[:16]
        at = tuple(torch.tensor(candidates).T)
        for query in measured:
            table = judged[query]
            everything = list(product(range(table.scores.shape[0]), range(table.scores.shape[1])))
            with one_thread():
                label = search(Judged(table.scores[at], table.grades), settings.heads, settings.search)
            note("first stage", query, None)
            note("all heads", query, everything)
            note("QRHead's 16", query, usual)
            note("best static set", query, static)
            chosen = router.choose(states[query], settings.heads)
            note("router", query, [candidates[index] for index in chosen] or static)
            note("oracle", query, [candidates[index] for index in label])
    return [Way(way, tuple(values[way][query] for query in range(len(judged))), fmean(sizes[way])) for way in WAYS]


ABLATIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("as chosen", {}),
    ("1 head", {"heads": 1}),
    ("4 heads", {"heads": 4}),
    ("16 heads", {"heads": 16}),
    ("no sparsity", {"sparsity": 0.0}),
    ("sparsity 0.5", {"sparsity": 0.5}),
    ("states of a quarter's depth", {"layer": 0.25}),
    ("states of three quarters' depth", {"layer": 0.75}),
    ("labels searched from no head", {"start": "empty"}),
    ("labels by greedy search", {"search": "greedy"}),
    ("labels by beam search", {"search": "beam"}),
)
"""What is changed, one thing at a time, and how."""
