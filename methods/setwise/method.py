"""Setwise: which of a few passages is the most relevant, in a sorting framework (arXiv 2310.09497)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Literal

from pydantic import Field, model_validator

from methods.base import Candidate, by_rank
from methods.comparing.judges import Judgement
from methods.comparing.method import Comparing, ComparingOptions
from methods.comparing.question import Question
from methods.setwise.prompts import (
    TAGGED_LABELS,
    Labels,
    Reasoning,
    chat_question,
    label_question,
    reasoning_question,
)
from methods.sorting.bubblesort import Skipping, bubblesort
from methods.sorting.comparing import Best, Group, Ranking
from methods.sorting.heapsort import heapsort
from methods.sorting.insertion import insertion

SEED = 929
"""Of Rank-R1's shuffling, as in the official code."""


class SetwiseOptions(ComparingOptions):
    """Options of Setwise."""

    framework: Literal["heapsort", "bubblesort", "insertion"] = "heapsort"
    """How the comparisons sort: by a heap, by passes from the back, or by inserting into the first k (2504.10509)."""
    num_child: int = Field(default=2, ge=1)
    """Passages compared with one other."""
    labels: Labels = "letters"
    """What the passages are called: A to Z, or numbers from 1."""
    prompt: Literal["label", "chat", Reasoning] = "label"
    """Setwise's own question; the same for models whose answer cannot be begun for them; or one of Rank-R1's: with
    reasoning, its version 0.2, or without reasoning."""
    thinking: bool = False
    """Let a model that can think before it answers do so."""
    shuffle: bool = False
    """Show the passages of a comparison in random order, the same one for the same query and passages (Rank-R1)."""
    prior: bool = False
    """Ask for the first label where passages are alike or none is relevant (the biased prompt of 2504.10509)."""
    skipping: Skipping = "exact"
    """Bubblesort: where passes begin; the official code's count can miss documents."""
    whole: bool = False
    """Insertion: use the whole order of a set, which likelihood and attention know, and not only its best passage."""

    @model_validator(mode="after")
    def _enough_labels(self) -> SetwiseOptions:
        shown = self.num_child + 1
        if self.mechanism == "attention":
            return self
        if self.prompt not in ("label", "chat") and shown > TAGGED_LABELS:
            raise ValueError(f"num_child {self.num_child}: {shown} passages are more than the {TAGGED_LABELS} labels")
        if self.prompt in ("label", "chat") and self.labels == "letters" and shown > len(ascii_uppercase):
            raise ValueError(
                f"num_child {self.num_child}: {shown} passages are more than the {len(ascii_uppercase)} letters there "
                "are; choose fewer, or labels=numbers"
            )
        return self

    @model_validator(mode="after")
    def _every_option_has_a_meaning(self) -> SetwiseOptions:
        written = {"labels": "letters", "prompt": "label", "thinking": False, "prior": False}
        if self.mechanism == "attention" and any(getattr(self, name) != value for name, value in written.items()):
            raise ValueError(f"{', '.join(written)} have no meaning with mechanism=attention, which asks no question")
        if self.prompt != "label" and (self.mechanism != "generation" or self.labels != "letters" or self.prior):
            raise ValueError(f"prompt={self.prompt} is for mechanism=generation, and has its own labels and no prior")
        if self.prompt in ("label", "chat") and self.thinking:
            raise ValueError("thinking is for the prompts of Rank-R1: the others leave room for a label only")
        if self.framework != "bubblesort" and self.skipping != "exact":
            raise ValueError("skipping has a meaning with framework=bubblesort only")
        if self.whole and (self.framework != "insertion" or self.mechanism == "generation"):
            raise ValueError("whole is for framework=insertion with mechanism=likelihood or attention")
        return self


class Setwise(Comparing[SetwiseOptions]):
    """Sorts the first k documents by comparisons of ``num_child + 1``; the others keep their order behind them."""

    options_class = SetwiseOptions

    @property
    def largest(self) -> int:
        """See `Comparing.largest`."""
        return self.options.num_child + 1

    def question(self) -> Question:
        """Setwise's own or one of Rank-R1's."""
        options = self.options
        if options.prompt == "label":
            return label_question(options.labels, options.prior)
        if options.prompt == "chat":
            return chat_question()
        return reasoning_question(options.prompt, options.thinking)

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """See `Method.rerank`. The score is ``n - rank``."""
        asked, shown = self.prepared(query, candidates)

        def ranking(groups: Sequence[Group]) -> list[Judgement]:
            return self._rankings(asked, shown, groups)

        return by_rank(self._sorted(len(candidates), ranking))

    def _sorted(self, count: int, ranking: Ranking) -> list[int]:
        options = self.options
        if options.framework == "insertion":
            return insertion(count, options.num_child, options.k, ranking, options.whole)
        if options.framework == "bubblesort":
            order = bubblesort(count, options.num_child, options.k, _best(ranking), options.skipping)
            # The official code keeps first-stage order behind the first k, whatever the passes did there.
            return [*order[: options.k], *sorted(order[options.k :])]
        return heapsort(count, options.num_child, options.k, _best(ranking))

    def _rankings(self, query: str, candidates: Sequence[Candidate], groups: Sequence[Group]) -> list[Judgement]:
        """Places of each group, best first; an answer that names no passage counts for the first one, as published."""
        orders = [self._order(query, group) for group in groups]
        shown = [tuple(group[place] for place in order) for group, order in zip(groups, orders, strict=True)]
        found = self.judgements(query, candidates, shown)
        return [[order[place] for place in judgement] or [0] for judgement, order in zip(found, orders, strict=True)]

    def _order(self, query: str, group: Group) -> list[int]:
        """Places of a group in the order in which they are shown."""
        places = list(range(len(group)))
        if self.options.shuffle:
            random.Random(f"{SEED} {query} {group}").shuffle(places)
        return places


def _best(ranking: Ranking) -> Best:
    def best(groups: Sequence[Group]) -> list[int]:
        return [places[0] for places in ranking(groups)]

    return best
