"""The listwise prompt with first-stage scores, and the scale they are shown on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from benchmark.backbones.language import Message
from benchmark.errors import QueryError
from methods.base import Candidate
from methods.listwise.prompts import RANKLLM_SYSTEM

Scale = Literal["raw", "unit", "hundred"]
"""As the first stage gives them; or stretched so that the lowest is 0 and the highest 1, or 100."""


def scaled(candidates: Sequence[Candidate], scale: Scale) -> list[Candidate]:
    """The candidates with their scores on the scale.

    Args:
        candidates: all of the query's, so that its windows show one scale.

    Raises:
        QueryError: naming a candidate without a score.
    """
    scores = [candidate.score for candidate in candidates if candidate.score is not None]
    if len(scores) < len(candidates):
        missing = [candidate.docid for candidate in candidates if candidate.score is None]
        others = f", nor have {len(missing) - 1} others" if len(missing) > 1 else ""
        raise QueryError(
            f"candidate '{missing[0]}' has no first-stage score{others}: InsertRank shows the model the first stage's "
            "scores. Use a run with scores, or give each candidate of the request its score"
        )
    if scale != "raw" and scores:
        low, high, top = min(scores), max(scores), 1.0 if scale == "unit" else 100.0
        # Equal scores tell nothing apart: all stand at the top.
        scores = [top * (score - low) / (high - low) if high > low else top for score in scores]
    return [replace(candidate, score=score) for candidate, score in zip(candidates, scores, strict=True)]


def with_scores(query: str, passages: Sequence[str], scores: Sequence[float]) -> tuple[Message, ...]:
    """The prompt (castorini/rank_llm @ 16e2ec2, ``insert_rank_template.yaml``; decimals as @ 0f9738e)."""
    count = len(passages)
    listed = "".join(
        f"[{number}] {text}\nBM25 score: {score:.3f}\n"
        for number, (text, score) in enumerate(zip(passages, scores, strict=True), 1)
    )
    return (
        Message("system", RANKLLM_SYSTEM),
        Message(
            "user",
            f"I will provide you with {count} passages, each indicated by a numerical identifier []. I will also "
            "provide the BM25 scores from a lexical retrieval system.\n\nRank the passages based on their relevance "
            f"to the search query: {query}.\n{listed}Search Query: {query}.\nRerank the above {count} passages based "
            "on their relevance to the query. Consider both the document content and the BM25 scores as signals for "
            "relevance. All the passages should be included and listed using identifiers, in descending order of "
            "relevance. The output format should be [] > [], e.g., [2] > [1]. Return the ranking as a list of numbers "
            f"from 1 to {count}, most relevant first. Answer concisely and directly and only respond with the ranking "
            "results, do not say any word or explain.",
        ),
    )
