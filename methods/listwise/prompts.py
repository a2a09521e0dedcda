"""The listwise prompts: RankGPT's conversation, and the one turn of the open-weight re-rankers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from benchmark.backbones.language import Message

RANKGPT_SYSTEM = (
    "You are RankGPT, an intelligent assistant that can rank passages based on their relevancy to the query."
)

RANKLLM_SYSTEM = (
    "You are RankLLM, an intelligent assistant that can rank passages based on their relevancy to the query"
)
"""Without a full stop, as in castorini/rank_llm and gangiswag/llm-reranker."""

Example = Literal["2 > 1", "4 > 2"]
"""Positions in the example of the output format: the first where windows may be short, the second where they are
always full."""


def conversation(query: str, passages: Sequence[str]) -> tuple[Message, ...]:
    """RankGPT's prompt: one turn a passage (arXiv 2304.09542; sunnweiwei/RankGPT @ 0d62bc3)."""
    count = len(passages)
    messages = [
        Message("system", RANKGPT_SYSTEM),
        Message(
            "user",
            f"I will provide you with {count} passages, each indicated by number identifier []. \n"
            f"Rank the passages based on their relevance to query: {query}.",
        ),
        Message("assistant", "Okay, please provide the passages."),
    ]
    for number, text in enumerate(passages, 1):
        messages += [Message("user", f"[{number}] {text}"), Message("assistant", f"Received passage [{number}].")]
    messages.append(
        Message(
            "user",
            f"Search Query: {query}. \nRank the {count} passages above based on their relevance to the search query. "
            "The passages should be listed in descending order using identifiers. The most relevant passages should be "
            "listed first. The output format should be [] > [], e.g., [1] > [2]. Only response the ranking results, do "
            "not say any word or explain.",
        )
    )
    return tuple(messages)


def single_turn(
    query: str, passages: Sequence[str], labels: Sequence[str], example: Example, system: bool = True
) -> tuple[Message, ...]:
    """The prompt of RankVicuna, RankZephyr and FIRST (castorini/rank_llm @ 03f61be, gangiswag/llm-reranker @ 2d7cba4).

    Args:
        query: as it is; passages: cut and without brackets; labels: one a passage, letters or numbers.
        example: which labels the example of the output format names.
        system: with the system turn `RANKLLM_SYSTEM`.
    """
    kind = "numerical" if labels[0].isdecimal() else "alphabetical"
    first, second = ((2, 1) if example == "2 > 1" else (4, 2)) if kind == "numerical" else _letters(example)
    listed = "".join(f"[{label}] {text}\n" for label, text in zip(labels, passages, strict=True))
    user = (
        f"I will provide you with {len(passages)} passages, each indicated by a {kind} identifier []. Rank the "
        f"passages based on their relevance to the search query: {query}.\n\n{listed}Search Query: {query}.\n"
        f"Rank the {len(passages)} passages above based on their relevance to the search query. All the passages "
        "should be included and listed using identifiers, in descending order of relevance. The output format should "
        f"be [] > [], e.g., [{first}] > [{second}], Only respond with the ranking results, do not say any word or "
        "explain."
    )
    turns = (Message("user", user),)
    return (Message("system", RANKLLM_SYSTEM), *turns) if system else turns


def most_relevant(query: str, passages: Sequence[str], labels: Sequence[str]) -> tuple[Message, ...]:
    """The prompt that asks for one label (arXiv 2310.09497; ielab/llm-rankers, ``compare``)."""
    listed = "\n\n".join(f'Passage {label}: "{text}"' for label, text in zip(labels, passages, strict=True))
    return (
        Message(
            "user",
            f'Given a query "{query}", which of the following passages is the most relevant one to the query?\n\n'
            f"{listed}\n\nOutput only the passage label of the most relevant passage:",
        ),
    )


def _letters(example: Example) -> tuple[str, str]:
    return ("B", "A") if example == "2 > 1" else ("D", "B")
