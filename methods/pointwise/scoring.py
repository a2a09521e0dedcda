"""Numbers from answers: graded labels, and scores that a model wrote."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from benchmark.backbones.meter import Fault

_ANSWER = "<answer>"
_INTEGER = re.compile(r"\s*(\d+)\s*(?:</answer>|$)")


def expected_relevance(log_likelihoods: Sequence[float], grades: Sequence[float]) -> float:
    """Mean grade under the softmax of the labels' log-likelihoods (arXiv 2310.14122, "ER")."""
    highest = max(log_likelihoods)
    weights = [math.exp(value - highest) for value in log_likelihoods]
    return sum(weight * grade for weight, grade in zip(weights, grades, strict=True)) / sum(weights)


def peak_relevance(log_likelihoods: Sequence[float], grades: Sequence[float]) -> float:
    """Log-likelihood of the label with the highest grade (arXiv 2310.14122, "PR")."""
    return log_likelihoods[max(range(len(grades)), key=lambda place: grades[place])]


def written_score(text: str, top: int) -> tuple[int | None, str, Fault | None]:
    """Read ``<answer>7</answer>`` at the end of an answer.

    Args:
        text: what the model wrote, its reasoning included; it may end before the closing tag.
        top: the highest score.

    Returns:
        The score, None where there is none from 0 to ``top``; the text up to where the score begins; what is wrong.
    """
    before, tag, after = text.rpartition(_ANSWER)
    found = _INTEGER.match(after) if tag else None
    if found is None:
        return None, text, "refusal"
    score = int(found[1])
    if score > top:
        return None, text, "out_of_range"
    return score, before + tag + after[: found.start(1)], None
