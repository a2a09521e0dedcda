"""InsertRank: the first stage's scores stand in the listwise prompt (arXiv 2506.14086)."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.backbones.language import Encoded, Prompt
from methods.base import Candidate
from methods.insertrank.prompt import Scale, scaled, with_scores
from methods.listwise.passages import fitted, passage, without_numbers
from methods.listwise.written import WrittenListwise, WrittenOptions


class InsertRankOptions(WrittenOptions):
    """Options of InsertRank."""

    scale: Scale = "raw"
    """How scores are shown: as they are, or stretched over the query's candidates from 0 to 1, or to 100."""


class InsertRank(WrittenListwise[InsertRankOptions]):
    """Listwise generation with first-stage scores in the prompt."""

    options_class = InsertRankOptions

    def ready(self) -> None:
        """UserError naming what the backbone's engine or chat template cannot do."""
        language = self.backbone.language
        language.require("generate")
        language.encode(Prompt(with_scores("?", ["?"], [0.0])))

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """See `Method.rerank`; QueryError naming a candidate without a score."""
        return super().rerank(query, scaled(candidates, self.options.scale))

    def encoded(self, query: str, candidates: Sequence[Candidate], budget: int | None) -> Encoded:
        """See `WrittenListwise.encoded`."""
        asked = without_numbers(query)
        scores = [candidate.score or 0.0 for candidate in candidates]

        def encode(words: int) -> Encoded:
            texts = [without_numbers(passage(candidate, words)) for candidate in candidates]
            return self.backbone.language.encode(Prompt(with_scores(asked, texts, scores)))

        return fitted(encode, self.options.words, budget, len(candidates))
