"""Setwise's question, and those of Rank-R1, which reasons first."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmark.backbones.language import Message
from methods.comparing.question import (
    CHAT_TOKENS,
    Question,
    Read,
    Verdict,
    letters,
    named,
    numbers,
    read_letter,
    read_named,
)
from methods.listwise.prompts import most_relevant

PRIOR = "If their relevance is similar, or none of them is relevant, output {first}. "
"""In front of "Output only": what favours the order there is (arXiv 2504.10509; ``compare_prompt_variant``)."""

CHAT_SYSTEM = (
    "You are RankGPT, an intelligent assistant specialized in selecting the most relevant passage from a pool of "
    "passages based on their relevance to the query."
)

Reasoning = Literal["rank_r1", "rank_r1_v2", "setwise_sft"]

Labels = Literal["letters", "numbers"]

TAGGED_LABELS = 20
"""Rank-R1's labels, [1] to [20]."""

_ANSWER = r"<answer>(.*?)</answer>"
_THOUGHT_ANSWER = rf"<think>.*?</think>\s*{_ANSWER}"


@dataclass(frozen=True)
class _Template:
    """One of Rank-R1's prompt files (ielab/llm-rankers, ``Rank-R1/prompts``).

    Attributes:
        line: one document, with ``{label}`` and ``{text}``; between: between two of them.
        pattern: of the answer, in lower case; tokens: most tokens of it.
    """

    system: str
    user: str
    line: str
    between: str
    pattern: str
    tokens: int


TEMPLATES: dict[Reasoning, _Template] = {
    # prompt_setwise-R1.toml and run_setwise.py @ a5ee1a9.
    "rank_r1": _Template(
        system=(
            "A conversation between User and Assistant. The user asks a question, and the Assistant solves it. The "
            "assistant first thinks about the reasoning process in the mind and then provides the user with the "
            "answer. The reasoning process and answer are enclosed within <think> </think> and <answer> </answer> "
            "tags, respectively, i.e., <think> reasoning process here </think> <answer> answer here </answer>."
        ),
        user=(
            'Given the query: "{query}", which of the following documents is most relevant?\n{docs}\nAfter completing '
            "the reasoning process, please provide only the label of the most relevant document to the query, enclosed "
            "in square brackets, within the answer tags. For example, if the third document is the most relevant, the "
            "answer should be: <think> reasoning process here </think> <answer>[3]</answer>."
        ),
        line="[{label}] {text}",
        between="\n",
        pattern=_THOUGHT_ANSWER,
        tokens=2048,
    ),
    # prompt_setwise-R1-v0.2.toml and run_setwise.py @ b36517b.
    "rank_r1_v2": _Template(
        system=(
            "You are RankLLM, an intelligent assistant capable of evaluating the relevancy of passages to a given "
            "query."
        ),
        user=(
            "You will be presented with a query, and a set of documents.\n\n"
            "Your task consists of the following step:\n\n"
            "1. Analyze the query: Carefully read the query and identify the core problem or question being asked.\n\n"
            "2. Analyze the documents: Thoroughly examine each document and briefly explain how each document is "
            "relevant or not relevant to the query.\n\n"
            "3. Find the most relevant document: Based on your analysis, select the most relevant document to the "
            "query from the set and briefly explain why.\n\n"
            "Important: Provide your analysis within the <think> </think> tags and answer only the label of the most "
            "relevant document, enclosed in square brackets, within the <answer> </answer> tags. For example, if the "
            "third document is the most relevant, your response should be:\n<think> Your analysis here </think>\n"
            "<answer>[3]</answer>\n\nHere is the query: {query}\n\nHere are the documents:\n{docs}"
        ),
        line="[{label}]: {text}",
        between="\n\n",
        pattern=_THOUGHT_ANSWER,
        tokens=8000,
    ),
    # prompt_setwise.toml and run_setwise.py @ a5ee1a9.
    "setwise_sft": _Template(
        system=(
            "A conversation between User and Assistant. The user asks a question, and the Assistant solves it. The "
            "assistant provides the user with the answer enclosed within <answer> </answer> tags, i.e., <answer> "
            "answer here </answer>."
        ),
        user=(
            'Given the query: "{query}", which of the following documents is most relevant?\n{docs}\nPlease provide '
            "only the label of the most relevant document to the query, enclosed in square brackets, within the answer "
            "tags. For example, if the third document is the most relevant, the answer should be: <answer>[3]</answer>."
        ),
        line="[{label}] {text}",
        between="\n",
        pattern=_ANSWER,
        tokens=2048,
    ),
}


def label_question(labels: Labels, prior: bool) -> Question:
    """Setwise: the label of the most relevant passage (arXiv 2310.09497).

    Letters are read from one token, as ielab/llm-rankers @ f6fb0dc does; numbers from three, as its fork for the
    Selective-ICR paper (arXiv 2602.22591) does.
    """
    called, read, limit = (letters, read_letter, 1) if labels == "letters" else (numbers, read_number, 3)

    def messages(query: str, texts: Sequence[str]) -> tuple[Message, ...]:
        names = called(len(texts))
        (message,) = most_relevant(query, texts, names)
        if not prior:
            return (message,)
        before, output, after = message.content.rpartition("Output only")
        return (Message("user", f"{before}{PRIOR.format(first=names[0])}{output}{after}"),)

    return Question(messages, called, read, limit)


def chat_question() -> Question:
    """Setwise for models whose answer cannot be begun for them (ielab/llm-rankers, ``OpenAiSetwiseLlmRanker``)."""

    def messages(query: str, texts: Sequence[str]) -> tuple[Message, ...]:
        (message,) = most_relevant(query, texts, letters(len(texts)))
        return (Message("system", CHAT_SYSTEM), Message("user", message.content.removesuffix(":") + "."))

    return Question(messages, letters, read_named, CHAT_TOKENS, opening="", stop=named)


def reasoning_question(prompt: Reasoning, thinking: bool) -> Question:
    """Rank-R1 and the models trained beside it (arXiv 2503.06034): the label within answer tags."""
    template = TEMPLATES[prompt]

    def messages(query: str, texts: Sequence[str]) -> tuple[Message, ...]:
        lines = [
            template.line.replace("{label}", label).replace("{text}", text)
            for label, text in zip(numbers(len(texts)), texts, strict=True)
        ]
        head, _, tail = template.user.partition("{query}")
        between, _, end = tail.partition("{docs}")
        user = f"{head}{query}{between}{template.between.join(lines)}{end}"
        return (Message("system", template.system), Message("user", user))

    return Question(
        messages,
        numbers,
        read_tagged(template.pattern),
        template.tokens,
        opening="",
        stop=_complete(template.pattern),
        thinking=thinking,
    )


def read_number(answer: str, count: int) -> Verdict:
    """The first number in the answer."""
    match = re.search(r"\d+", answer)
    if match is None:
        return Verdict(None, frozenset({"refusal"}))
    return _numbered(int(match[0]), count)


def read_tagged(pattern: str) -> Read:
    """``[k]`` and nothing else within the first answer tags that the pattern finds."""
    expression = re.compile(pattern, re.DOTALL)

    def read(answer: str, count: int) -> Verdict:
        match = expression.search(answer.lower())
        label = re.fullmatch(r"\[([0-9]+)\]", match[1].strip()) if match else None
        return Verdict(None, frozenset({"refusal"})) if label is None else _numbered(int(label[1]), count)

    return read


def _numbered(number: int, count: int) -> Verdict:
    if 1 <= number <= count:
        return Verdict(number - 1)
    return Verdict(None, frozenset({"out_of_range"}))


def _complete(pattern: str) -> Callable[[str], bool]:
    """The answer is there; what would follow is not read."""
    expression = re.compile(pattern, re.DOTALL)

    def stop(text: str) -> bool:
        # The pattern is searched only where it could have become complete with the last token.
        return "</answer" in text[-40:].lower() and expression.search(text.lower()) is not None

    return stop
