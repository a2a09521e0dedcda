"""Costs of what a backbone was asked to do, and how many of its answers were well-formed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

Phase = Literal["tokenise", "prefill", "decode"]
"""What time is spent on: text to tokens, running prompts, writing token by token."""

Fault = Literal["missing", "repeated", "out_of_range", "refusal", "cut"]
"""What is wrong with a written answer: identifiers are missing, repeated or not among those given; there is none at
all; it was cut at the token limit. One answer may have several."""


@dataclass(frozen=True)
class Cost:
    """Counts since a meter was made.

    Attributes:
        forward_passes: calls of the model; of a served one, requests that it answered.
        prompt_tokens: tokens given to it, padding excluded, summed over calls; tokens taken from a cache are not
            counted again, and generated tokens that are fed back are not counted here.
        completion_tokens: tokens generated.
        answers: written answers that were read; malformed: those of them with a fault.
        faults: answers with each fault.
        seconds: by phase, the device's work included.
        dollars: what a hosted model charged for the tokens, by the prices its entry gives.
    """

    forward_passes: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    answers: int = 0
    malformed: int = 0
    faults: Mapping[Fault, int] = field(default_factory=dict)
    seconds: Mapping[Phase, float] = field(default_factory=dict)
    dollars: float = 0.0

    def __sub__(self, earlier: Cost) -> Cost:
        return Cost(
            self.forward_passes - earlier.forward_passes,
            self.prompt_tokens - earlier.prompt_tokens,
            self.completion_tokens - earlier.completion_tokens,
            self.answers - earlier.answers,
            self.malformed - earlier.malformed,
            {
                fault: count - earlier.faults.get(fault, 0)
                for fault, count in self.faults.items()
                if count > earlier.faults.get(fault, 0)
            },
            {
                phase: spent - earlier.seconds.get(phase, 0.0)
                for phase, spent in self.seconds.items()
                if spent > earlier.seconds.get(phase, 0.0)
            },
            self.dollars - earlier.dollars,
        )


class Meter:
    """Running total of a backbone's costs; everything that calls the model adds to it.

    Args:
        synchronise: waits until the device has done what it was given, so that time is counted where it is spent.
    """

    def __init__(self, synchronise: Callable[[], None] = lambda: None) -> None:
        self._synchronise = synchronise
        self._forward_passes = 0
        self._prompt_tokens = 0
        self._completion_tokens = 0
        self._answers = 0
        self._malformed = 0
        self._faults: Counter[Fault] = Counter()
        self._seconds: dict[Phase, float] = {}
        self._dollars = 0.0

    @property
    def total(self) -> Cost:
        """Everything counted so far."""
        return Cost(
            self._forward_passes,
            self._prompt_tokens,
            self._completion_tokens,
            self._answers,
            self._malformed,
            dict(self._faults),
            dict(self._seconds),
            self._dollars,
        )

    def add(
        self, prompt_tokens: int, completion_tokens: int = 0, forward_passes: int = 1, dollars: float = 0.0
    ) -> None:
        """Count work done."""
        self._dollars += dollars
        self._forward_passes += forward_passes
        self._prompt_tokens += prompt_tokens
        self._completion_tokens += completion_tokens

    def answered(self, faults: Collection[Fault] = ()) -> None:
        """Count a written answer that a method has read, with what was wrong with it."""
        self._answers += 1
        self._malformed += bool(faults)
        self._faults.update(set(faults))

    @contextmanager
    def phase(self, phase: Phase) -> Iterator[None]:
        """Count the time of the block; phases do not nest."""
        if phase != "tokenise":
            self._synchronise()
        start = time.perf_counter()
        try:
            yield
        finally:
            if phase != "tokenise":
                self._synchronise()
            self._seconds[phase] = self._seconds.get(phase, 0.0) + time.perf_counter() - start
