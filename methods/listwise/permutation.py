"""Rankings written as text: ``[2] > [1] > [3]``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmark.backbones.meter import Fault
from benchmark.errors import QueryError


@dataclass(frozen=True)
class Permutation:
    """A parsed answer.

    Attributes:
        order: every item once, from 0, best first.
        faults: what was wrong with the answer; empty for a well-formed one.
    """

    order: list[int]
    faults: frozenset[Fault]


def parse_permutation(answer: str, count: int) -> Permutation:
    """Read a ranking as RankGPT's code does (sunnweiwei/RankGPT @ 0d62bc3, ``receive_permutation``).

    Every character that is no digit becomes a space. The first mention of a number counts; numbers that are not in
    range are dropped; items that are not mentioned follow in their current order. So ``2020`` is one number, and any
    number in the answer's prose counts as an identifier.

    Args:
        answer: what the model wrote; count: number of items, identified from 1.

    Raises:
        QueryError: a character that is a digit but no decimal one, such as ``²``; the official code stops there too.
    """
    words = "".join(char if char.isdigit() else " " for char in answer).split()
    try:
        numbers = [int(word) - 1 for word in words]
    except ValueError:
        raise QueryError(f"the answer holds digits that are no number: {' '.join(words)[:80]!r}") from None
    within = [number for number in numbers if 0 <= number < count]
    mentioned = list(dict.fromkeys(within))
    faults: set[Fault] = set()
    if count and not numbers:
        faults.add("refusal")
    elif len(mentioned) < count:
        faults.add("missing")
    if len(mentioned) < len(within):
        faults.add("repeated")
    if len(within) < len(numbers):
        faults.add("out_of_range")
    seen = set(mentioned)
    return Permutation([*mentioned, *(item for item in range(count) if item not in seen)], frozenset(faults))


def complete(count: int) -> Callable[[str], bool]:
    """A stop condition: every identifier was written, and the last number is over."""

    def stop(text: str) -> bool:
        if not text or text[-1].isdecimal():
            return False
        numbers = "".join(char if char.isdecimal() else " " for char in text).split()
        return len(numbers) >= count and {int(number) for number in numbers} >= set(range(1, count + 1))

    return stop


class WellFormed:
    """A constraint on generation: nothing but ``[a] > [b] > ... > [z]`` with every identifier once can be written.

    Args:
        fragment: text that goes on from another, to token ids; labels: the identifiers.
    """

    def __init__(self, fragment: Callable[[str], Sequence[int]], labels: Sequence[str]) -> None:
        self._open = tuple(fragment("["))
        self._link = tuple(fragment("] > ["))
        self._close = tuple(fragment("]"))
        self._labels = [tuple(fragment(label)) for label in labels]

    def __call__(self, generated: Sequence[int]) -> Sequence[int] | None:
        """See `benchmark.backbones.language.Constraint`."""
        ids = tuple(generated)
        remaining = list(self._labels)
        piece, place = self._open, 0
        while True:
            written = len(ids) - place
            if written < len(piece):
                return [piece[written]]
            place += len(piece)
            if not remaining:
                return None
            piece = self._link if len(remaining) > 1 else self._close
            finished = self._finished(remaining, piece, ids[place:])
            if finished is None:
                return self._next(remaining, piece, ids[place:])
            remaining.remove(finished)
            place += len(finished)

    @staticmethod
    def _finished(
        remaining: Sequence[tuple[int, ...]], piece: tuple[int, ...], rest: tuple[int, ...]
    ) -> tuple[int, ...] | None:
        """The label at the beginning of ``rest``, if what follows it has begun."""
        for label in remaining:
            if rest[: len(label) + 1] == (*label, piece[0]):
                return label
        return None

    @staticmethod
    def _next(remaining: Sequence[tuple[int, ...]], piece: tuple[int, ...], part: tuple[int, ...]) -> list[int]:
        """What may follow the part of a label that is written so far."""
        longer = {label[len(part)] for label in remaining if len(label) > len(part) and label[: len(part)] == part}
        return sorted(longer | ({piece[0]} if part in remaining else set()))
