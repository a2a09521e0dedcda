"""RankGPT: the model writes the ranking of a window (arXiv 2304.09542)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import model_validator

from benchmark.backbones.language import Constraint, Encoded, Message, Prompt
from methods.base import Candidate
from methods.listwise.passages import fitted, passage, without_numbers
from methods.listwise.permutation import WellFormed
from methods.listwise.prompts import Example, conversation, single_turn
from methods.listwise.written import WrittenListwise, WrittenOptions


class RankGptOptions(WrittenOptions):
    """Options of RankGPT."""

    prompt: Literal["multi_turn", "single_turn"] = "multi_turn"
    """The paper's conversation with one turn a passage, or the one turn of RankVicuna and RankZephyr."""
    constrained: bool = False
    """Let the model write nothing but well-formed rankings. Not in the paper."""
    example: Example = "2 > 1"
    """Single turn: the example of the output format."""
    system: bool = True
    """Single turn: with a system turn."""
    spread: bool = False
    """Single turn: a window with few passages gets more words of each, words * window / passages (rank_llm)."""

    @model_validator(mode="after")
    def _only_for_a_single_turn(self) -> RankGptOptions:
        if self.prompt == "multi_turn" and (self.example != "2 > 1" or not self.system or self.spread):
            raise ValueError("example, system and spread have a meaning with prompt=single_turn only")
        return self


class RankGpt(WrittenListwise[RankGptOptions]):
    """Listwise re-ranking by permutation generation."""

    options_class = RankGptOptions

    def ready(self) -> None:
        """UserError naming what the backbone's engine or chat template cannot do."""
        language = self.backbone.language
        language.require("generate", *(("constraint",) if self.options.constrained else ()))
        language.encode(Prompt(self._messages("?", ["?"])))

    def constraint(self, count: int) -> Constraint | None:
        """Nothing but well-formed rankings, where the option says so."""
        if not self.options.constrained:
            return None
        return WellFormed(self.backbone.language.fragment, [str(number) for number in range(1, count + 1)])

    def encoded(self, query: str, candidates: Sequence[Candidate], budget: int | None) -> Encoded:
        """The prompt with passages cut until it has at most ``budget`` tokens; see `fitted`."""
        options, count = self.options, len(candidates)
        single = options.prompt == "single_turn"

        def encode(words: int) -> Encoded:
            texts = [passage(candidate, words) for candidate in candidates]
            return self.backbone.language.encode(Prompt(self._messages(query, texts)))

        words = int(options.words * options.window / count) if options.spread else options.words
        return fitted(encode, words, budget, count if single else None)

    def _messages(self, query: str, texts: Sequence[str]) -> tuple[Message, ...]:
        if self.options.prompt == "multi_turn":
            return conversation(query, texts)
        labels = [str(number) for number in range(1, len(texts) + 1)]
        shown = [without_numbers(text) for text in texts]
        return single_turn(query, shown, labels, self.options.example, self.options.system)
