"""The in-context re-ranker that ICR and Selective-ICR are: prompt, windows, strategies; heads are left open."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import Field, model_validator

from benchmark.backbones.attention.prompt import Branch, Prompt
from benchmark.backbones.prompt import Span
from methods.base import Candidate, Method
from methods.in_context.layout import IcrLayout, PromptOptions
from methods.in_context.prompt import Kind
from methods.in_context.reading import Reading, Rows
from methods.in_context.scoring import HeadSum, document_sums, masked_document_sums
from methods.listwise.windows import sliding_order

if TYPE_CHECKING:
    from torch import Tensor

Strategy = Literal["masked_na_calibration", "query_last", "attention_sorting", "na_only", "na_calibration_no_agg"]


class IcrOptions(PromptOptions):
    """Options of ICR, which are also Selective-ICR's."""

    strategy: Strategy = "masked_na_calibration"
    """Scoring; the default subtracts the attention of a content-free query and drops abnormal tokens."""
    kind: Kind = "qa"
    """Late instruction: ``ie`` (find relevant information) or ``qa`` (answer the question)."""
    window: int = Field(default=0, ge=0)
    """Passages in one prompt; 0: all."""
    stride: int = Field(default=0, ge=0)
    """Positions the window moves; 0: half the window."""

    def layout(self, rows: Rows = "tail") -> IcrLayout:
        """The prompt these options ask for, with the rows that are read."""
        return IcrLayout(self.kind, self.order, self.words, "lengths" if self.spans == "official" else "exact", rows)

    @model_validator(mode="after")
    def _stride_within_window(self) -> IcrOptions:
        if self.window == 1:
            raise ValueError("window must hold at least 2 passages (0: all in one prompt)")
        if self.stride and not self.window:
            raise ValueError("stride needs a window")
        if self.stride > self.window:
            raise ValueError(f"stride {self.stride} is larger than window {self.window}: passages would be skipped")
        return self


OptionsT = TypeVar("OptionsT", bound=IcrOptions)


class InContext(Method[OptionsT]):
    """In-context re-ranking by the attention of some heads, summed."""

    @abstractmethod
    def heads(self) -> dict[int, range]:
        """Heads whose attention is summed, by layer."""

    def rows(self) -> Rows:
        """Tokens of the tail whose attention is read."""
        return "tail"

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """See `Method.rerank`.

        With one prompt for all, the scores are the paper's. With a sliding window the order comes from several
        prompts whose scores do not compare, so the score is ``n - rank``.
        """
        window = self.options.window or len(candidates)
        if len(candidates) <= window:
            return self._window_scores(query, candidates) if candidates else []
        ranking = sliding_order(
            len(candidates),
            window,
            self.options.stride or window // 2,
            lambda items: self._window_scores(query, [candidates[item] for item in items]),
        )
        scores = [0.0] * len(candidates)
        for rank, item in enumerate(ranking):
            scores[item] = float(len(candidates) - rank)
        return scores

    def _window_scores(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """Scores of one prompt, in the order of ``candidates``."""
        reading = self.options.layout(self.rows()).read(self.backbone, query, candidates)
        attention = HeadSum()
        self.backbone.attention.read(Prompt(reading.prefix, self._branches(reading)), self.heads(), attention)
        scores: list[float] = self._document_scores(attention.total, reading.documents).tolist()
        return scores

    def _branches(self, reading: Reading) -> list[Branch]:
        """The tails that the strategy compares, with the rows it averages."""
        match self.options.strategy:
            case "masked_na_calibration":
                return [reading.query, reading.content_free]
            case "query_last":
                return [reading.query]
            case "attention_sorting":
                return [_last_row(reading.query)]
            case "na_only":
                return [reading.content_free]
            case "na_calibration_no_agg":
                return [_last_row(reading.query), _last_row(reading.content_free)]

    def _document_scores(self, attention: Tensor, documents: Sequence[Span]) -> Tensor:
        """``[branches, prefix tokens]`` to ``[documents]``."""
        if self.options.strategy == "masked_na_calibration":
            return masked_document_sums(attention[0] - attention[1], documents)
        sums = document_sums(attention, documents)
        return sums[0] - sums[1] if len(sums) == 2 else sums[0]


def _last_row(branch: Branch) -> Branch:
    return Branch(branch.ids, Span(branch.rows.stop - 1, branch.rows.stop))
