"""How well each head ranks alone: the rules by which QRHead and CoRe choose heads. Pure functions of score tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from methods.heads.notation import Head


@dataclass(frozen=True)
class Judged:
    """One training query's table.

    Attributes:
        scores: ``[layers, heads, documents]``; grades: one a document, 0 for unjudged ones.
    """

    scores: Tensor
    grades: Sequence[int]


def ndcg_at_10(scores: Tensor, grades: Sequence[int]) -> Tensor:
    """nDCG@10 of every ranking in a table; gain is the grade, discount log2(rank + 1).

    The ideal ranking is that of the documents given; equal scores keep their order.

    Args:
        scores: ``[..., documents]``; grades: at least one above 0.

    Returns:
        ``[...]`` float64.
    """
    gains = torch.tensor([max(grade, 0) for grade in grades], dtype=torch.float64)
    discounts = 1 / torch.log2(torch.arange(2, len(grades) + 2, dtype=torch.float64))
    discounts[10:] = 0
    ideal = (gains.sort(descending=True).values * discounts).sum()
    order = scores.argsort(dim=-1, descending=True, stable=True)
    return (gains[order] * discounts).sum(-1) / ideal


def detect_by_ndcg(queries: Sequence[Judged]) -> Tensor:
    """QRHead: mean nDCG@10 when a head alone ranks (princeton-pli/QRHead @ 7a668e7, detection on BEIR).

    Args:
        queries: calibrated, masked tables.

    Returns:
        ``[layers, heads]`` float64.
    """
    return torch.stack([ndcg_at_10(query.scores, query.grades) for query in queries]).mean(0)


def detect_by_mass(queries: Sequence[Judged]) -> Tensor:
    """QRHead: a head's scores summed over the relevant documents, mean over queries (detection on LongMemEval).

    With calibrated tables this is the official script; with raw ones the definition of the paper (arXiv 2506.09944,
    section 3), attention mass on gold documents.

    Returns:
        ``[layers, heads]`` float64.
    """
    masses = []
    for query in queries:
        gold = torch.tensor([grade > 0 for grade in query.grades])
        masses.append(query.scores[..., gold].double().sum(-1))
    return torch.stack(masses).mean(0)


def detect_by_contrast(queries: Sequence[Judged], temperature: float) -> Tensor:
    """CoRe: the positive's share in a softmax over it and its negatives, mean over queries (arXiv 2510.02219).

    The positive is the first document of the highest grade; negatives are documents of grade 0; others are left out.

    Args:
        queries: raw tables; temperature: divides the scores.

    Returns:
        ``[layers, heads]`` float64.
    """
    shares = []
    for query in queries:
        positive = max(range(len(query.grades)), key=lambda index: (query.grades[index], -index))
        negatives = [index for index, grade in enumerate(query.grades) if grade <= 0]
        chosen = query.scores[..., [positive, *negatives]].double()
        shares.append((chosen / temperature).softmax(-1)[..., 0])
    return torch.stack(shares).mean(0)


def ranked_heads(table: Tensor, layers: int | None = None) -> list[Head]:
    """Heads by falling score; equal ones in order of layer and head.

    Args:
        table: ``[layers, heads]``; layers: only the first so many.
    """
    kept = table[:layers]
    width = kept.shape[1]
    order = kept.flatten().argsort(descending=True, stable=True).tolist()
    return [(index // width, index % width) for index in order]
