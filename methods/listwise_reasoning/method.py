"""Listwise re-rankers that reason before they write the ranking: ReasonRank, DeAR."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from benchmark.backbones.language import Encoded, Stop
from methods.base import Candidate
from methods.listwise.passages import fitted, passage, without_numbers
from methods.listwise.permutation import Permutation, parse_permutation
from methods.listwise.written import WrittenListwise, WrittenOptions
from methods.listwise_reasoning.prompts import Style, prompt, ranking_part


class ListwiseReasoningOptions(WrittenOptions):
    """Options of listwise re-ranking with reasoning."""

    prompt: Style = "reasonrank"
    """Whose prompt and answer format."""
    reasoning_tokens: int = Field(default=0, ge=0)
    """Tokens of reasoning, beside those of the answer. A model that was trained to reason needs thousands."""
    passage_tokens: int = Field(default=0, ge=0)
    """Tokens kept of each passage, before words are counted; 0: all."""


class ListwiseReasoning(WrittenListwise[ListwiseReasoningOptions]):
    """Listwise generation with reasoning."""

    options_class = ListwiseReasoningOptions

    def ready(self) -> None:
        """UserError naming what the backbone's engine or chat template cannot do."""
        language = self.backbone.language
        language.require("generate", *(("tokens",) if self.options.passage_tokens else ()))
        language.encode(prompt(self.options.prompt, "?", ["?"]))

    def limit(self, count: int) -> int:
        """Tokens of reasoning and answer."""
        return self.options.reasoning_tokens + super().limit(count)

    def stop(self, count: int) -> Stop:  # noqa: ARG002  the answer's end is marked, however many there are
        """Once the answer is closed; DeAR's has no end of its own."""
        tag = None if self.options.prompt == "dear" else "</answer>"
        return lambda text: tag is not None and tag in text

    def parsed(self, answer: str, count: int) -> Permutation:
        """Read the ranking where the official code looks for it.

        Without answer tags that is the whole text: every number of the reasoning counts. Such an answer is counted as a
        refusal, whatever comes of it.
        """
        part, found = ranking_part(self.options.prompt, answer)
        parsed = parse_permutation(part, count)
        return parsed if found else Permutation(parsed.order, parsed.faults | {"refusal"})

    def encoded(self, query: str, candidates: Sequence[Candidate], budget: int | None) -> Encoded:
        """See `WrittenListwise.encoded`."""
        language, options = self.backbone.language, self.options
        asked = without_numbers(query).strip() if options.prompt != "dear" else query
        whole = [self._cut(candidate) for candidate in candidates]

        def encode(words: int) -> Encoded:
            texts = [passage(candidate, words) for candidate in whole]
            shown = texts if options.prompt == "dear" else [without_numbers(text) for text in texts]
            return language.encode(prompt(options.prompt, asked, shown))

        return fitted(encode, options.words, budget, len(candidates))

    def _cut(self, candidate: Candidate) -> Candidate:
        """The candidate with its title in the text, and both cut to the tokens asked for."""
        kept = self.options.passage_tokens
        if not kept:
            return candidate
        text = f"Title: {candidate.title} Content: {candidate.text}" if candidate.title else candidate.text
        return Candidate(candidate.docid, self.backbone.language.cut(text, kept))
