"""GroupRank: the model scores the passages of a group beside each other (arXiv 2511.11653)."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from pydantic import Field

from methods.base import Candidate, Method, Options
from methods.grouprank.prompt import parse_scores, prompt

_LINES = re.compile(r"\n+")


class GroupRankOptions(Options):
    """Options of GroupRank."""

    group: int = Field(default=20, ge=1)
    """Passages in one prompt."""
    passes: int = Field(default=1, ge=1)
    """How often every passage is scored, each time in other company; scores are averaged."""
    seed: int = 666
    """Of the order in which passages are put into groups."""
    characters: int = Field(default=3000, ge=1)
    """Of each passage, title included."""
    answer_tokens: int = Field(default=200, ge=1)
    """Most tokens of reasoning and scores. A model that was trained to reason needs thousands."""


class GroupRank(Method[GroupRankOptions]):
    """Scores groups of passages; scores of different groups are taken to compare."""

    options_class = GroupRankOptions

    def ready(self) -> None:
        """UserError naming what the backbone's engine or chat template cannot do."""
        self.backbone.language.require("generate")
        self.backbone.language.encode(prompt("?", ["?"]))

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """See `Method.rerank`: the mean of a passage's scores over 10; 0 where no answer holds one."""
        language, texts = self.backbone.language, [self._shown(candidate) for candidate in candidates]
        groups = self.groups(len(candidates))
        encoded = [language.encode(prompt(query, [texts[item] for item in group])) for group in groups]
        answers = language.generate(encoded, self.options.answer_tokens, stop=lambda text: "</answer>" in text)
        given: list[list[float]] = [[] for _ in candidates]
        for group, answer in zip(groups, answers, strict=True):
            parsed = parse_scores(answer.text, len(group))
            self.backbone.meter.answered(parsed.faults | ({"cut"} if answer.cut else set()))
            for item, score in zip(group, parsed.scores, strict=True):
                if score is not None:
                    given[item].append(score / 10)
        return [sum(scores) / len(scores) if scores else 0.0 for scores in given]

    def groups(self, count: int) -> list[list[int]]:
        """Items of every group of every pass; the order of a pass depends on the seed and the number of items alone."""
        found = []
        for number in range(self.options.passes):
            order = list(range(count))
            random.Random(f"{self.options.seed} {number}").shuffle(order)
            found += [order[start : start + self.options.group] for start in range(0, count, self.options.group)]
        return found

    def _shown(self, candidate: Candidate) -> str:
        return _LINES.sub(" ", candidate.titled)[: self.options.characters]
