"""Cross-encoders: a trained model reads query and passage together and gives one score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from benchmark.errors import UserError
from methods.base import Candidate, Method, Options


class CrossEncoderOptions(Options):
    """Options of cross-encoders."""

    pair: Literal["plain", "dear"] = "plain"
    """What the model reads: query and passage as they are, or with the words DeAR was trained with before them."""
    words: int = Field(default=300, ge=1)
    """Words of each passage, title included."""
    tokens: int = Field(default=512, ge=8)
    """Most tokens of query and passage together; what is longer is cut as in training, the longer text first."""


class CrossEncoder(Method[CrossEncoderOptions]):
    """Scores each passage by the output of a sequence classifier."""

    options_class = CrossEncoderOptions

    def ready(self) -> None:
        """UserError: the backbone is no cross-encoder, or takes fewer tokens."""
        longest = self.backbone.pairs.context_length
        if self.options.tokens > longest:
            raise UserError(
                f"Backbone '{self.backbone.name}' takes {longest} tokens; option tokens is {self.options.tokens}. "
                f"Set tokens={longest} or fewer."
            )

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """See `Method.rerank`: the model's output before any activation."""
        return self.backbone.pairs.scores([self.pair(query, one) for one in candidates], self.options.tokens)

    def pair(self, query: str, candidate: Candidate) -> tuple[str, str]:
        """The two texts of a candidate."""
        shown = " ".join(candidate.titled.split()[: self.options.words])
        if self.options.pair == "plain":
            return query, shown
        # The official code puts an empty title and its space before a passage without one.
        return f"query: {query}", f"document: {shown}" if candidate.title else f"document:  {shown}"
