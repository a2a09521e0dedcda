"""Pointwise re-ranking: every passage is asked about alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Literal

from pydantic import Field, model_validator

from benchmark.backbones.language import Answer, Encoded, Prompt
from benchmark.errors import UserError
from benchmark.names import did_you_mean
from methods.base import Candidate, Method, Options
from methods.pointwise.prompts import PROMPTS, Mechanism, Wording
from methods.pointwise.scoring import expected_relevance, peak_relevance, written_score

TOP = 10
"""Highest score that ERank writes."""


class PointwiseOptions(Options):
    """Options of pointwise re-ranking."""

    mechanism: Mechanism = "yes_no"
    """``yes_no``: log-odds of the two answers. ``query_likelihood``: log-likelihood of the query. ``graded``: of graded
    labels. ``written``: a score that the model writes, times the probability of its tokens."""
    prompt: str = ""
    """One of the mechanism's prompts (``methods/pointwise/prompts.py``); empty: its first."""
    rule: Literal["expected", "peak"] = "expected"
    """Graded: mean grade, or log-likelihood of the highest label."""
    top: int = Field(default=4, ge=1, le=100)
    """Graded by prompt ``scale``: labels are the numbers from 0 to this one."""
    instruction: str = ""
    """For prompts that hold one; empty: the prompt's own."""
    words: int = Field(default=300, ge=1)
    """Words of each passage, title included."""
    passage_tokens: int = Field(default=0, ge=0)
    """Tokens kept of each passage, before words are counted; 0: all."""
    query_tokens: int = Field(default=0, ge=0)
    """Tokens kept of the query; 0: all."""
    answer_tokens: int = Field(default=0, ge=0)
    """Written: most tokens of reasoning and answer together."""

    @model_validator(mode="after")
    def _options_of_the_mechanism(self) -> PointwiseOptions:
        known = PROMPTS[self.mechanism]
        if self.prompt and self.prompt not in known:
            raise ValueError(
                f"mechanism {self.mechanism} has no prompt '{self.prompt}'. {did_you_mean(self.prompt, known)}"
            )
        if self.mechanism != "graded" and self.rule != "expected":
            raise ValueError("rule has a meaning with mechanism=graded only")
        if self.top != 4 and self.prompt_name != "scale":
            raise ValueError("top has a meaning with prompt=scale only")
        if self.instruction and not self.wording.instruction:
            raise ValueError(f"the prompt '{self.prompt_name}' holds no instruction")
        if (self.mechanism == "written") != (self.answer_tokens > 0):
            raise ValueError("mechanism=written, and no other, needs answer_tokens")
        return self

    @property
    def prompt_name(self) -> str:
        """The chosen prompt, or the mechanism's first."""
        return self.prompt or next(iter(PROMPTS[self.mechanism]))

    @property
    def wording(self) -> Wording:
        """The chosen prompt's text and answers."""
        return PROMPTS[self.mechanism][self.prompt_name]


class Pointwise(Method[PointwiseOptions]):
    """Scores each passage by one prompt of its own; all prompts of a query go to the engine together."""

    options_class = PointwiseOptions

    def ready(self) -> None:
        """UserError naming what the backbone's engine, tokenizer or chat template cannot do."""
        options, language = self.options, self.backbone.language
        if options.passage_tokens or options.query_tokens:
            language.require("tokens")
        if options.mechanism == "written":
            language.require("generate", "likelihood")
        elif options.mechanism == "query_likelihood" or not self.single_tokens:
            language.require("likelihood")
        else:
            language.require("next_token", *(("vocabulary",) if options.mechanism == "graded" else ()))
        language.encode(self._prompt("?", Candidate("", "?")))

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """See `Method.rerank`."""
        if not candidates:
            return []
        asked = self._query(query)
        prompts = [self._prompt(asked, candidate) for candidate in candidates]
        match self.options.mechanism:
            case "yes_no":
                return [yes - no for yes, no in self._label_scores(prompts)]
            case "query_likelihood":
                return self._likelihoods([(prompt, asked) for prompt in prompts])
            case "graded":
                rule = expected_relevance if self.options.rule == "expected" else peak_relevance
                return [rule(row, self.grades) for row in self._label_scores(prompts)]
            case "written":
                return self._written(prompts)

    @cached_property
    def answers(self) -> tuple[Answer, ...]:
        """Spellings of each label, the most relevant first."""
        if self.options.prompt_name == "scale":
            return tuple((str(grade), f" {grade}") for grade in range(self.options.top, -1, -1))
        return self.options.wording.answers

    @property
    def grades(self) -> list[float]:
        """Relevance of each label, down to 0."""
        return [float(grade) for grade in range(len(self.answers) - 1, -1, -1)]

    @cached_property
    def single_tokens(self) -> bool:
        """Whether every label is a token of the backbone; if not, labels are scored as texts, by their likelihood."""
        try:
            self.backbone.language.check_answers(self.answers)
        except UserError:
            return False
        return True

    def _label_scores(self, prompts: Sequence[Prompt]) -> list[list[float]]:
        """Log-likelihood of each label, ``[prompts][labels]``."""
        language = self.backbone.language
        if self.single_tokens:
            over: Literal["answers", "vocabulary"] = "vocabulary" if self.options.mechanism == "graded" else "answers"
            return language.next_token([language.encode(prompt) for prompt in prompts], self.answers, over)
        texts = [spellings[0] for spellings in self.answers]
        flat = self._likelihoods([(prompt, text) for prompt in prompts for text in texts])
        return [flat[start : start + len(texts)] for start in range(0, len(flat), len(texts))]

    def _likelihoods(self, asked: Sequence[tuple[Prompt, str]]) -> list[float]:
        language = self.backbone.language
        return language.likelihood([language.encode(prompt, text) for prompt, text in asked])

    def _written(self, prompts: Sequence[Prompt]) -> list[float]:
        """Score times the probability of its tokens (arXiv 2509.00520); 0 where none can be read, which is counted."""
        language = self.backbone.language
        encoded: list[Encoded] = [language.encode(prompt) for prompt in prompts]
        answers = language.generate(encoded, self.options.answer_tokens, stop=lambda text: "</answer>" in text)
        scores = [0.0] * len(prompts)
        read: dict[int, tuple[Prompt, str]] = {}
        for place, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
            score, before, fault = written_score(answer.text, TOP)
            self.backbone.meter.answered({*({fault} if fault else ()), *(("cut",) if answer.cut else ())})
            if score is not None:
                scores[place] = float(score)
                read[place] = (Prompt(prompt.messages, before, prompt.thinking), str(score))
        if read:
            for place, value in zip(read, self._likelihoods(list(read.values())), strict=True):
                scores[place] *= math.exp(value)
        return scores

    def _query(self, query: str) -> str:
        kept = self.options.query_tokens
        return self.backbone.language.cut(query, kept) if kept else query

    def _prompt(self, query: str, candidate: Candidate) -> Prompt:
        options = self.options
        text = candidate.titled
        if options.passage_tokens:
            text = self.backbone.language.cut(text, options.passage_tokens)
        top = TOP if options.mechanism == "written" else options.top
        return options.wording.prompt(query, " ".join(text.split()[: options.words]), options.instruction, top)
