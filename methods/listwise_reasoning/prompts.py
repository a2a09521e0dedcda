"""Listwise prompts that ask for reasoning, and where in the answer the ranking stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from benchmark.backbones.language import Message, Prompt

Style = Literal["reasonrank", "reasonrank_qwen3", "dear"]
"""ReasonRank's prompt for checkpoints made of Qwen2.5, its prompt for the one made of Qwen3, and DeAR's."""

REASONRANK_SYSTEM = (
    "You are RankLLM, an intelligent assistant that can rank passages based on their relevance to the query."
)

_THINK_FIRST = (
    " Given a query and a passage list, you first thinks about the reasoning process in the mind and then provides the "
    "answer (i.e., the reranked passage list). The reasoning process and answer are enclosed within <think> </think> "
    "and <answer> </answer> tags, respectively, i.e., <think> reasoning process here </think> <answer> answer here "
    "</answer>."
)

_REASONED = re.compile(r"<think>.*?</think>\s*<answer>(.*?)</answer>", re.DOTALL)
_AFTER_THINKING = re.compile(r"</think>\s*(.*)", re.DOTALL | re.IGNORECASE)


def prompt(style: Style, query: str, passages: Sequence[str]) -> Prompt:
    """The conversation about a window.

    Sources: 8421BCD/ReasonRank @ e6d3ab4, ``listwise_prompt_r1.toml`` and ``utils.py``; DataScienceUIBK/DeAR-Reranking
    @ 7d81b35, ``listwise_rerank/prompts.py``.

    Args:
        query: without numbers in brackets; passages: cut, and likewise.
    """
    if style == "dear":
        return Prompt(_dear(query, passages))
    count = len(passages)
    listed = "".join(f"[{number}] {text}\n" for number, text in enumerate(passages, 1))
    asked = (
        f"I will provide you with {count} passages, each indicated by a numerical identifier []. Rank the passages "
        f"based on their relevance to the search query: {query}.\n\n{listed}Search Query: {query}.\nRank the {count} "
        "passages above based on their relevance to the search query. All the passages should be included and listed "
        "using identifiers, in descending order of relevance. "
    )
    if style == "reasonrank":
        system, ending = (
            REASONRANK_SYSTEM + _THINK_FIRST,
            "The format of the answer should be [] > [], e.g., [2] > [1].",
        )
    else:
        system = REASONRANK_SYSTEM
        ending = (
            "The final ranked list should be enclosed within <answer> </answer> tags, i.e., <answer> ranked list here "
            "</answer>. The format of ranked list should be [] > [], e.g., [2] > [1]. Only respond with the ranking "
            "results, do not say any word or explain."
        )
    return Prompt((Message("system", system), Message("user", asked + ending)), thinking=True)


def ranking_part(style: Style, answer: str) -> tuple[str, bool]:
    """The part of an answer in which identifiers are looked for, and whether it stands where it was asked for.

    ReasonRank (``_clean_response``): what stands between the answer tags after the reasoning; else what follows the
    last opening tag; else the whole text, reasoning included. DeAR (``extract_after_think``): what follows the
    reasoning; else the whole text.
    """
    if style == "dear":
        found = _AFTER_THINKING.search(answer)
        return (found[1] if found else answer), True
    found = _REASONED.search(answer.lower())
    if found:
        return found[1], True
    _, tag, after = answer.rpartition("<answer>")
    return (after, True) if tag else (answer, False)


def _dear(query: str, passages: Sequence[str]) -> tuple[Message, ...]:
    count = len(passages)
    messages = [
        Message("system", "You are RankLLM, an assistant that ranks passages by relevance to the query."),
        Message(
            "user",
            f"I will provide you with {count} passages, each indicated by number identifier [].\n"
            f"Rank the passages based on their relevance to query: {query}.",
        ),
        Message("assistant", "Okay, please provide the passages."),
    ]
    for number, text in enumerate(passages, 1):
        messages += [Message("user", f"[{number}] {text}"), Message("assistant", f"Received passage [{number}].")]
    messages.append(
        Message(
            "user",
            f"Search Query: {query}.\nRank the {count} passages above based on their relevance to the search query. "
            "The passages should be listed in descending order using identifiers.\nPlease follow the steps below:\n"
            "Step 1. List the information requirements to answer the query.\n"
            "Step 2. For each requirement, find the passages containing that information.\n"
            "Step 3. Rank passages that best cover clear and diverse information. Include all passages.\n"
            "Output format strictly: [2] > [1] > [3] ... Only output the ranking using identifiers; no explanations.",
        )
    )
    return tuple(messages)
