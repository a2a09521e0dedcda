"""A re-ranker that compares a few passages at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Literal, TypeVar

from pydantic import Field, model_validator

from methods.base import Candidate, Method, Options
from methods.comparing.judges import Asking, Attention, Generation, Judge, Judgement, Likelihood
from methods.comparing.question import Question
from methods.in_context.layout import IcrLayout
from methods.in_context.prompt import Kind
from methods.sorting.comparing import Group

Mechanism = Literal["generation", "likelihood", "attention"]


class ComparingOptions(Options):
    """What all of them have."""

    mechanism: Mechanism = "generation"
    """What decides a comparison: the label the model writes, the label most likely to come next, or attention."""
    k: int = Field(default=10, ge=1)
    """How many documents are sorted to the top."""
    words: int = Field(default=300, ge=1)
    """Words of each passage; fewer where the prompt does not fit and the engine knows its tokens."""
    passage_tokens: int = Field(default=0, ge=0)
    """Tokens kept of each passage, title included, before words are counted; 0: all."""
    query_tokens: int = Field(default=0, ge=0)
    """Tokens kept of the query; 0: all."""
    context: int = Field(default=0, ge=0)
    """Most tokens of prompt and answer; 0: what the backbone takes."""
    batch: int = Field(default=0, ge=0)
    """Prompts given to the engine at once, of comparisons that do not wait for each other; 0: all of them."""
    layers: str = Field(default="all", pattern=r"^(all|\d+-\d+)$")
    """Attention: the layers whose heads are summed, ``first-last``, both inclusive and counted from 0."""
    kind: Kind = "ie"
    """Attention: the late instruction, to find relevant information or to answer the question."""

    @model_validator(mode="after")
    def _only_for_attention(self) -> ComparingOptions:
        if self.mechanism == "attention":
            if self.context:
                raise ValueError("context has no meaning with mechanism=attention: passages are cut by words there")
        elif self.layers != "all" or self.kind != "ie":
            raise ValueError("layers and kind have a meaning with mechanism=attention only")
        if self.band is not None and self.band[0] > self.band[1]:
            raise ValueError(f"layers={self.layers}: the first layer comes after the last")
        return self

    @property
    def band(self) -> tuple[int, int] | None:
        """First and last layer of attention; None: all."""
        if self.layers == "all":
            return None
        first, last = map(int, self.layers.split("-"))
        return first, last


OptionsT = TypeVar("OptionsT", bound=ComparingOptions)


class Comparing(Method[OptionsT]):
    """Ranks by comparisons of a few passages each."""

    @abstractmethod
    def question(self) -> Question:
        """What is asked."""

    @property
    @abstractmethod
    def largest(self) -> int:
        """Most passages that are compared at once."""

    def ready(self) -> None:
        """UserError naming what the backbone's engine, tokenizer or chat template cannot do."""
        if self.options.passage_tokens or self.options.query_tokens:
            self.backbone.language.require("tokens")
        self.judge.ready(self.largest)

    @cached_property
    def judge(self) -> Judge:
        """What decides, by the option ``mechanism``."""
        options = self.options
        if options.mechanism == "attention":
            # Nothing is cut by the layout: passages are cut before, by the same rule as for the other mechanisms.
            return Attention(self.backbone, IcrLayout(options.kind, "given", 0, "exact"), options.band, options.words)
        known = self.backbone.language.context_length
        context = min((limit for limit in (options.context, known) if limit), default=None)
        asking = Asking(self.backbone, self.question(), options.words, context)
        return Generation(asking) if options.mechanism == "generation" else Likelihood(asking)

    def prepared(self, query: str, candidates: Sequence[Candidate]) -> tuple[str, list[Candidate]]:
        """The query and the candidates as they are shown: titles in front of the texts, cut to the tokens asked for."""
        options, cut = self.options, self._cut
        return cut(query, options.query_tokens), [
            Candidate(candidate.docid, cut(candidate.titled, options.passage_tokens)) for candidate in candidates
        ]

    def judgements(self, query: str, candidates: Sequence[Candidate], groups: Sequence[Group]) -> list[Judgement]:
        """A judgement of each group of `prepared` candidates, ``batch`` groups to a call of the engine."""
        size = self.options.batch or len(groups)
        found: list[Judgement] = []
        for start in range(0, len(groups), size):
            sets = [[candidates[item] for item in group] for group in groups[start : start + size]]
            found += self.judge(query, sets)
        return found

    def _cut(self, text: str, tokens: int) -> str:
        return self.backbone.language.cut(text, tokens) if tokens else text
