"""A re-ranker that lets the model write the ranking of a window and reads it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar

from pydantic import Field

from benchmark.backbones.language import Constraint, Encoded, Stop
from methods.base import Candidate, by_rank
from methods.listwise.method import Listwise, ListwiseOptions
from methods.listwise.permutation import Permutation, complete, parse_permutation


class WrittenOptions(ListwiseOptions):
    """What all of them have."""

    answer_tokens: int = Field(default=200, ge=0)
    """Tokens left free for the answer; at least those of a complete ranking."""


OptionsT = TypeVar("OptionsT", bound=WrittenOptions)


class WrittenListwise(Listwise[OptionsT]):
    """Ranks a window by what the model writes; the answer's faults are counted by the backbone's meter."""

    @abstractmethod
    def encoded(self, query: str, candidates: Sequence[Candidate], budget: int | None) -> Encoded:
        """The prompt of a window with passages cut until it has at most ``budget`` tokens; None: no limit is known."""

    def limit(self, count: int) -> int:
        """Most tokens of the answer about so many passages."""
        return max(self.options.answer_tokens, self.ranking_tokens(count))

    def stop(self, count: int) -> Stop:
        """When enough was written: once every identifier was."""
        return complete(count)

    def constraint(self, count: int) -> Constraint | None:  # noqa: ARG002  for subclasses
        """What may be written; anything by default."""
        return None

    def parsed(self, answer: str, count: int) -> Permutation:
        """Read an answer, by RankGPT's rule by default."""
        return parse_permutation(answer, count)

    def window_scores(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """See `Listwise.window_scores`: ``n - rank`` by the written ranking."""
        count = len(candidates)
        limit = self.limit(count)
        prompt = self.encoded(query, candidates, None if self.room is None else self.room - limit)
        (answer,) = self.backbone.language.generate(
            [prompt], limit, stop=self.stop(count), constraint=self.constraint(count)
        )
        parsed = self.parsed(answer.text, count)
        self.backbone.meter.answered(parsed.faults | ({"cut"} if answer.cut else set()))
        return by_rank(parsed.order)
