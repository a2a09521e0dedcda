"""A re-ranker that scores the passages of one window at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar

from pydantic import Field, model_validator

from methods.base import Candidate, Method, Options, by_rank
from methods.listwise.windows import LastWindow, sliding_order


class ListwiseOptions(Options):
    """What all of them have."""

    window: int = Field(default=20, ge=2)
    """Passages in one prompt."""
    stride: int = Field(default=10, ge=1)
    """Positions the window moves towards the front."""
    last_window: LastWindow = "short"
    """Whether the head of the list is ranked where it does not fill a window."""
    words: int = Field(default=300, ge=1)
    """Words of each passage; fewer where the prompt does not fit and the engine knows its tokens."""
    context: int = Field(default=0, ge=0)
    """Most tokens of prompt and answer; 0: what the backbone takes."""

    @model_validator(mode="after")
    def _stride_within_window(self) -> ListwiseOptions:
        if self.stride > self.window:
            raise ValueError(f"stride {self.stride} is larger than window {self.window}: passages would be skipped")
        return self


OptionsT = TypeVar("OptionsT", bound=ListwiseOptions)


class Listwise(Method[OptionsT]):
    """Ranks by a sliding window."""

    @abstractmethod
    def window_scores(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """Scores of the passages of one prompt, in the given order; higher is better."""

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """See `Method.rerank`.

        With one window the scores are the window's; with several, whose scores do not compare, ``n - rank``.
        """
        count, options = len(candidates), self.options
        if count <= options.window:
            return self.window_scores(query, candidates) if candidates else []
        ranking = sliding_order(
            count,
            options.window,
            options.stride,
            lambda items: self.window_scores(query, [candidates[item] for item in items]),
            options.last_window,
        )
        return by_rank(ranking)

    @property
    def room(self) -> int | None:
        """Tokens of prompt and answer together; None where neither the option nor the engine says."""
        known = self.backbone.language.context_length
        return min((limit for limit in (self.options.context, known) if limit), default=None)

    def ranking_tokens(self, count: int) -> int:
        """Tokens of a complete ranking by number, special ones of the tokenizer included.

        Its characters, which are no fewer, where the engine does not know its tokens.
        """
        ranking = " > ".join(f"[{number}]" for number in range(1, count + 1))
        encoded = self.backbone.language.encode(ranking)
        return len(ranking) if encoded.ids is None else len(encoded)
