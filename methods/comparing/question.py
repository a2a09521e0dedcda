"""What is asked about a set of passages, and how a written answer is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmark.backbones.language import Message, Stop
from benchmark.backbones.meter import Fault


@dataclass(frozen=True)
class Verdict:
    """A written answer, read.

    Attributes:
        place: the passage it names, or counts for by the published rule, from 0; None where there is none.
        faults: what was wrong with it.
    """

    place: int | None
    faults: frozenset[Fault] = frozenset()


Read = Callable[[str, int], Verdict]
"""Given an answer and the number of passages that were shown."""


@dataclass(frozen=True)
class Question:
    """One way to ask.

    Attributes:
        messages: the conversation, given the query and the passages' texts.
        labels: what so many passages are called, in the order they are shown.
        read: reads a written answer; limit: most tokens of it; stop: ends it.
        opening: what the answer is made to begin with; thinking: see `benchmark.backbones.language.Prompt`.
    """

    messages: Callable[[str, Sequence[str]], tuple[Message, ...]]
    labels: Callable[[int], list[str]]
    read: Read
    limit: int
    opening: str = " Passage:"
    stop: Stop | None = None
    thinking: bool = False


CHAT_TOKENS = 32
"""Most tokens of an answer in prose; the official code sets no limit."""

_NAMED = re.compile("Passage ([A-Z])")


def letters(count: int) -> list[str]:
    """A, B, C, ..."""
    return [chr(ord("A") + number) for number in range(count)]


def numbers(count: int) -> list[str]:
    """1, 2, 3, ..."""
    return [str(number) for number in range(1, count + 1)]


def read_letter(answer: str, count: int) -> Verdict:
    """The whole answer, without white space and in capitals, is a letter (ielab/llm-rankers @ f6fb0dc, ``compare``)."""
    text = answer.strip().upper()
    if len(text) != 1 or not "A" <= text <= "Z":
        return Verdict(None, frozenset({"refusal"}))
    place = ord(text) - ord("A")
    return Verdict(place) if place < count else Verdict(None, frozenset({"out_of_range"}))


def read_named(answer: str, count: int) -> Verdict:
    """The first ``Passage X`` in the answer, or a letter that is all of it; else the first passage, as published.

    For models whose answer cannot be begun for them (ielab/llm-rankers @ f6fb0dc, ``OpenAiSetwiseLlmRanker`` and
    ``OpenAiPairwiseLlmRanker``).
    """
    match = _NAMED.search(answer)
    letter = match[1] if match else answer.strip()
    if letter in letters(count):
        return Verdict(letters(count).index(letter))
    is_label = len(letter) == 1 and "A" <= letter <= "Z"
    return Verdict(0, frozenset({"out_of_range" if is_label else "refusal"}))


def named(answer: str) -> bool:
    """A stop condition: a passage was named."""
    return _NAMED.search(answer) is not None
