"""Candidates as the passages of a listwise prompt, cut until the prompt fits."""

from __future__ import annotations

import re
from collections.abc import Callable

from benchmark.backbones.language import Encoded
from benchmark.errors import QueryError
from methods.base import Candidate

_NUMBERS = re.compile(r"\[(\d+)\]")
_LETTERS = re.compile(r"\[([A-z]+)\]")


def passage(candidate: Candidate, words: int) -> str:
    """The first ``words`` words, title included, with single spaces between them.

    A title is written ``Title: ... Content: ...``, as the run files of the official codes have it
    (sunnweiwei/RankGPT @ 0d62bc3, ``run_retriever`` and ``create_permutation_instruction``).
    """
    text = f"Title: {candidate.title} Content: {candidate.text}" if candidate.title else candidate.text
    return " ".join(text.replace("Title: Content: ", "").split()[:words])


def without_numbers(text: str) -> str:
    """``[3]`` becomes ``(3)``, so that nothing in a passage looks like its identifier."""
    return _NUMBERS.sub(r"(\1)", text)


def without_letters(text: str) -> str:
    """``[B]`` becomes ``(B)``; the pattern is that of gangiswag/llm-reranker, ``_replace_number``."""
    return _LETTERS.sub(r"(\1)", text)


def fitted(encode: Callable[[int], Encoded], words: int, budget: int | None, shared_by: int | None) -> Encoded:
    """The prompt with as many words a passage as fit.

    Args:
        encode: the prompt with so many words of each passage.
        words: of each passage, to begin with.
        budget: most tokens of the prompt. Where there is none, or the engine does not know the prompt's tokens, nothing
            is taken away; what is too long is then refused by the engine.
        shared_by: number of passages: words fall by a quarter of the excess tokens, shared by these (gangiswag/
            llm-reranker @ 2d7cba4, ``create_prompt``). None: the largest number that fits, which is what taking away
            one at a time finds (sunnweiwei/RankGPT @ 0d62bc3).

    Raises:
        QueryError: it does not even fit with one word of each.
    """
    prompt = encode(words)
    if budget is None or prompt.ids is None or len(prompt) <= budget:
        return prompt
    if shared_by is None:
        return _largest(encode, words, budget)
    while len(prompt) > budget:
        if words == 1:
            raise _too_long(len(prompt), budget)
        words = max(1, words - max(1, (len(prompt) - budget) // (shared_by * 4)))
        prompt = encode(words)
    return prompt


def _largest(encode: Callable[[int], Encoded], words: int, budget: int) -> Encoded:
    """By bisection: tokens do not get fewer with more words."""
    fits, low, high = encode(1), 1, words
    if len(fits) > budget:
        raise _too_long(len(fits), budget)
    while high - low > 1:
        middle = (low + high) // 2
        prompt = encode(middle)
        if len(prompt) <= budget:
            fits, low = prompt, middle
        else:
            high = middle
    return fits


def _too_long(length: int, budget: int) -> QueryError:
    return QueryError(
        f"with one word of each passage the prompt still has {length} tokens, {length - budget} more than fit beside "
        "the answer: rank in smaller windows (option window) or raise the option context"
    )
