"""Quality metrics of rankings: trec_eval's definitions, computed by ranx."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np
from numpy.typing import NDArray

from benchmark.collections.base import Qrels
from benchmark.errors import UserError

Numbered = NDArray[np.float64]
"""Shape (documents, 2): a document's number within its topic, then its grade or score; best first."""


@dataclass(frozen=True)
class Judged:
    """Rankings and judgements of the same topics, with documents as numbers.

    Attributes:
        grades: a table of all judged documents for each topic; the numbers are 0, 1, ... in this order.
        ranked: a table of the retrieved documents for each topic; unjudged ones have numbers from there on.
        relevant_from: lowest grade that counts as relevant where relevance is yes or no.
    """

    grades: list[Numbered]
    ranked: list[Numbered]
    relevant_from: int


@dataclass(frozen=True)
class Metric:
    """A measure of quality.

    Attributes:
        name: as shown; description: one sentence; higher_is_better: its direction.
        compute: one value for each topic, in the order of the topics.
        in_ranking: whether the leaderboard's tables have a column for it; the page of a run shows every metric.
    """

    name: str
    description: str
    higher_is_better: bool
    compute: Callable[[Judged], Sequence[float]]
    in_ranking: bool = True


def evaluate(
    rankings: Mapping[str, Sequence[str]], qrels: Qrels, *, relevant_from: int = 1
) -> dict[str, dict[str, float]]:
    """Every metric for every topic that has a relevant document.

    Topics without a document of grade above 0 are left out: no order of theirs is better than another. A topic
    that has no ranking, or an empty one, counts 0. Grades below 0 count as 0.

    The first call in a fresh installation compiles ranx's functions (about ten seconds); numba keeps the result
    on disk. Calls from several threads wait for each other.

    Args:
        rankings: docids by qid, best first; the order is final, no score is looked at again.
        qrels: grade by qid and docid.
        relevant_from: lowest relevant grade for MAP, MRR and recall (2 for TREC Deep Learning); nDCG uses all
            grades.

    Returns:
        Metric name, then qid, then value.

    Raises:
        UserError: no topic has a relevant document, or none of those was ranked.
        ValueError: a ranking that holds a document twice; ``relevant_from`` below 1.
    """
    if relevant_from < 1:
        raise ValueError(f"relevant_from must be at least 1, not {relevant_from}")
    topics = _topics(rankings, qrels)
    pairs = [_numbered(qid, rankings.get(qid, ()), qrels[qid]) for qid in topics]
    judged = Judged([grades for grades, _ in pairs], [ranked for _, ranked in pairs], relevant_from)
    return {
        metric.name: {qid: float(value) for qid, value in zip(topics, metric.compute(judged), strict=True)}
        for metric in TABLE
    }


def mean(per_query: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Mean over topics, by metric, of what `evaluate` returns; the order of the topics does not matter."""
    return {name: fsum(values.values()) / len(values) for name, values in per_query.items()}


def _topics(rankings: Mapping[str, Sequence[str]], qrels: Qrels) -> list[str]:
    """Topics with a relevant document, in the order of the judgements; UserError if none of them was ranked."""
    topics = [qid for qid, grades in qrels.items() if any(grade > 0 for grade in grades.values())]
    if not topics:
        raise UserError("The judgements hold no relevant document (grade above 0): there is nothing to measure.")
    if not any(qid in rankings for qid in topics):
        ranked = (
            f"the run has {len(rankings)} topics, such as '{next(iter(rankings))}'" if rankings else "the run is empty"
        )
        raise UserError(
            f"No topic of the run is judged: {ranked}; the judgements have {len(topics)} with a relevant "
            f"document, such as '{topics[0]}'. Check that run and judgements are of the same collection."
        )
    return topics


def _numbered(qid: str, ranking: Sequence[str], grades: Mapping[str, int]) -> tuple[Numbered, Numbered]:
    """Judged and retrieved documents of one topic as tables; ranx needs the judged ones by descending grade.

    Numbers stand in for docids because ranx compares docids by hash, and compiles its string functions anew for
    every new length of the longest docid.
    """
    if len(set(ranking)) != len(ranking):
        raise ValueError(f"the ranking of topic '{qid}' holds a document twice")
    best_first = sorted(grades, key=lambda docid: -grades[docid])
    numbers = {docid: number for number, docid in enumerate(best_first)}
    retrieved = [numbers.setdefault(docid, len(numbers)) for docid in ranking]
    return (
        _columns(range(len(grades)), [grades[docid] for docid in best_first]),
        _columns(retrieved, range(len(retrieved), 0, -1)),
    )


def _columns(numbers: Sequence[int], values: Sequence[int]) -> Numbered:
    return np.array([numbers, values], dtype=np.float64).T.copy()


_RANX = threading.Lock()
"""Held while ranx computes: its parallel functions end the whole process when two threads are in them."""


def _by_ranx(measure: str, *, binary: bool = False) -> Callable[[Judged], Sequence[float]]:
    """A measure of ranx by its name there; ``binary`` where relevance is yes or no."""

    def compute(judged: Judged) -> Sequence[float]:
        name = f"{measure}-l{judged.relevant_from}" if binary else measure
        with _RANX, warnings.catch_warnings():
            # numba's remarks on ranx's types while it compiles; nothing a user could act on.
            warnings.filterwarnings("ignore", message="unsafe cast from uint64 to int64")
            from numba.typed import List
            from ranx import evaluate as ranx_evaluate

            # Named twice, since ranx 0.3 returns values by topic only for a list of several measures.
            values = ranx_evaluate(List(judged.grades), List(judged.ranked), [name, name], return_mean=False)[name]
        return [float(value) for value in values]

    return compute


def _judged_share(depth: int) -> Callable[[Judged], Sequence[float]]:
    """Share of the first ``depth`` retrieved documents that have a judgement; 0 for an empty ranking."""

    def compute(judged: Judged) -> Sequence[float]:
        return [
            float(np.mean(ranked[:depth, 0] < len(grades))) if len(ranked) else 0.0
            for grades, ranked in zip(judged.grades, judged.ranked, strict=True)
        ]

    return compute


TABLE: tuple[Metric, ...] = (
    Metric(
        "nDCG@10",
        "Discounted cumulative gain of the first 10 over the best possible; gain grade, discount log2(rank + 1).",
        True,
        _by_ranx("ndcg@10"),
    ),
    Metric("nDCG@5", "As nDCG@10, of the first 5.", True, _by_ranx("ndcg@5")),
    Metric("nDCG@1", "Grade of the first document over the highest grade of the topic.", True, _by_ranx("ndcg@1")),
    Metric(
        "MAP",
        "Precision at the rank of each relevant document, averaged over all of them; 0 for those not retrieved.",
        True,
        _by_ranx("map", binary=True),
    ),
    Metric(
        "MRR@10",
        "One over the rank of the first relevant document, 0 when it is below rank 10.",
        True,
        _by_ranx("mrr@10", binary=True),
    ),
    Metric(
        "recall@3",
        "Share of the relevant documents that are among the first 3.",
        True,
        _by_ranx("recall@3", binary=True),
        in_ranking=False,
    ),
    Metric("recall@5", "As recall@3, of the first 5.", True, _by_ranx("recall@5", binary=True), in_ranking=False),
    Metric(
        "recall@10",
        "Share of the relevant documents that are among the first 10.",
        True,
        _by_ranx("recall@10", binary=True),
    ),
    Metric(
        "recall@100",
        "Share of the relevant documents that are among the first 100.",
        True,
        _by_ranx("recall@100", binary=True),
    ),
    Metric(
        "judged@10",
        "Share of the first 10 documents that have a judgement; where it is low, other metrics say little.",
        True,
        _judged_share(10),
    ),
)
"""Every metric, in the order of the leaderboard; nDCG as in Järvelin and Kekäläinen (2002) and trec_eval."""

METRICS: tuple[str, ...] = tuple(metric.name for metric in TABLE)
"""Names of all metrics, in the order of the leaderboard."""
