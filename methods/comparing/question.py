"""What is asked about a set of passages, and how a written answer is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmark.backbones.language import Message, Stop
from benchmark.backbones.meter import Fault


@dataclass(frozen=True)
class Verdict:
    """A written answer, read.

    Attributes:
        place: the passage it names, from 0; None where it names none of those shown.
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
