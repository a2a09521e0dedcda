"""FIRST: the ranking is in the logits of the first identifier (arXiv 2406.15657)."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Literal

from pydantic import Field, model_validator

from benchmark.backbones.language import Answer, Encoded, Message, Prompt
from methods.base import Candidate
from methods.listwise.method import Listwise, ListwiseOptions
from methods.listwise.passages import fitted, passage, without_letters, without_numbers
from methods.listwise.prompts import Example, most_relevant, single_turn

DIGITS = 9
"""Numeric identifiers of one digit."""


class FirstOptions(ListwiseOptions):
    """Options of FIRST."""

    identifiers: Literal["letters", "numbers"] = "letters"
    """What the passages are called: A to Z, or numbers from 1."""
    prompt: Literal["ranking", "most_relevant"] = "ranking"
    """What is asked for: a ranking, whose first identifier is read (FIRST); or the most relevant passage's label
    (listwise by likelihood)."""
    example: Example = "2 > 1"
    """Prompt ``ranking``: the example of the output format; ``4 > 2`` where windows are always full."""
    passage_tokens: int = Field(default=0, ge=0)
    """Tokens kept of each passage, before words are counted; 0: all."""
    query_tokens: int = Field(default=0, ge=0)
    """Tokens kept of the query; 0: all."""

    @model_validator(mode="after")
    def _enough_identifiers(self) -> FirstOptions:
        if self.identifiers == "letters" and self.window > len(ascii_uppercase):
            raise ValueError(f"window {self.window} is larger than the {len(ascii_uppercase)} letters there are")
        if self.identifiers == "numbers" and self.prompt == "ranking" and self.window > DIGITS:
            raise ValueError(
                f"window {self.window} is larger than the {DIGITS} numbers of one digit there are; choose a smaller "
                "window, or identifiers=letters"
            )
        if self.prompt == "most_relevant" and self.example != "2 > 1":
            raise ValueError("example has a meaning with prompt=ranking only")
        return self


class First(Listwise[FirstOptions]):
    """Listwise re-ranking by the next-token probabilities of the identifiers: one forward pass a window."""

    options_class = FirstOptions

    def ready(self) -> None:
        """UserError naming the identifiers that the backbone's tokenizer cannot make single tokens."""
        options, language = self.options, self.backbone.language
        language.require("next_token", *(("tokens",) if options.passage_tokens or options.query_tokens else ()))
        language.check_answers(self.answers(options.window))
        language.encode(Prompt(self._messages("?", ["?"], self.labels(1)), self._opening()))

    def window_scores(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """Log-probability of each passage's identifier as the next token, among those of the window."""
        (scores,) = self.backbone.language.next_token([self.encoded(query, candidates)], self.answers(len(candidates)))
        return scores

    def labels(self, count: int) -> list[str]:
        """Identifiers of ``count`` passages."""
        if self.options.identifiers == "letters":
            return list(ascii_uppercase[:count])
        return [str(number) for number in range(1, count + 1)]

    def answers(self, count: int) -> list[Answer]:
        """The spellings of each identifier as a token: with a space before it and without."""
        return [(label, f" {label}") for label in self.labels(count)]

    def encoded(self, query: str, candidates: Sequence[Candidate]) -> Encoded:
        """The prompt, with passages cut until it fits."""
        options, language = self.options, self.backbone.language
        asked = language.cut(query, options.query_tokens) if options.query_tokens else query
        texts = [self._cut(candidate) for candidate in candidates]
        labels = self.labels(len(candidates))

        def encode(words: int) -> Encoded:
            shown = [self._shown(passage(candidate, words)) for candidate in texts]
            return language.encode(Prompt(self._messages(asked, shown, labels), self._opening()))

        budget = None if self.room is None else self.room - self._kept_free()
        return fitted(encode, options.words, budget, len(candidates))

    def _opening(self) -> str:
        """What the answer is made to begin with."""
        return "[" if self.options.prompt == "ranking" else " Passage:"

    def _messages(self, query: str, passages: Sequence[str], labels: Sequence[str]) -> tuple[Message, ...]:
        if self.options.prompt == "ranking":
            return single_turn(query, passages, labels, self.options.example)
        return most_relevant(query, passages, labels)

    def _cut(self, candidate: Candidate) -> Candidate:
        """The candidate with its text cut to the tokens asked for; a title counts as its beginning."""
        if not self.options.passage_tokens:
            return candidate
        return Candidate(candidate.docid, self.backbone.language.cut(candidate.titled, self.options.passage_tokens))

    def _shown(self, text: str) -> str:
        """A passage without anything that looks like an identifier in brackets."""
        if self.options.prompt == "most_relevant":
            return text
        rewritten = without_numbers(text)
        return without_letters(rewritten) if self.options.identifiers == "letters" else rewritten

    def _kept_free(self) -> int:
        """Tokens left free though nothing is written: the official code shares its budget with generation.

        Those of a ranking of a whole window by numbers, less one; and not counting the opening bracket.
        """
        if self.options.prompt == "most_relevant":
            return 0
        return self.ranking_tokens(self.options.window) - 2
