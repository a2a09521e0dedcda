"""The language model that runs here, in this process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from benchmark.backbones.language.decode import Rules, Writer
from benchmark.backbones.language.head import Head
from benchmark.backbones.language.interface import (
    Answer,
    Constraint,
    Encoded,
    Generation,
    Over,
    Stop,
)
from benchmark.backbones.language.states import States, Wanted
from benchmark.backbones.language.tokenised import Tokenised, ids_of
from benchmark.backbones.meter import Meter
from benchmark.backbones.prompt import Span, Tokenizer


class LocalLanguageModel(Tokenised):
    """A loaded transformers model with its output head.

    Args:
        name: of the backbone; model: the causal language model, head included; tokenizer: its own.
        meter: counts passes, tokens and seconds; context_length: most tokens of prompt and answer.
    """

    capabilities = frozenset({"tokens", "next_token", "vocabulary", "likelihood", "generate", "constraint"})

    def __init__(self, name: str, model: Any, tokenizer: Tokenizer, meter: Meter, context_length: int) -> None:
        super().__init__(name, tokenizer, meter, context_length)
        self._model = model
        self._states = States(model.get_decoder(), meter)
        self._head = Head(model)
        self.writer = Writer(self._states, self._head, self._text, meter)

    def next_token(
        self, prompts: Sequence[Encoded], answers: Sequence[Answer], over: Over = "answers"
    ) -> list[list[float]]:
        """See `LanguageModel.next_token`; only each prompt's last position goes through the head.

        Over the answers, only their rows of the head are computed, in float32.
        """
        spellings = self._vocabulary.answers(answers)
        for prompt in prompts:
            self._check_length(prompt, 0)
            self._meter.prompted(ids_of(prompt))
        last = self._states.rows([Wanted(ids_of(prompt), Span(len(prompt) - 1, len(prompt))) for prompt in prompts])
        if not last:
            return []
        with self._meter.phase("prefill"):
            columns = self._spelled(torch.cat(last), spellings, over)
        found: list[list[float]] = columns.T.tolist()
        return found

    def likelihood(self, prompts: Sequence[Encoded]) -> list[float]:
        """See `LanguageModel.likelihood`; only the positions before continuation tokens go through the head."""
        for prompt in prompts:
            self._check_length(prompt, 0)
            self._check_continuation(prompt)
            self._meter.prompted(ids_of(prompt))
        states = self._states.rows(
            [Wanted(ids_of(prompt), Span(prompt.start - 1, len(prompt) - 1)) for prompt in prompts]
        )
        if not states:
            return []
        with self._meter.phase("prefill"):
            ids = torch.tensor([token for prompt in prompts for token in ids_of(prompt)[prompt.start :]])
            values = self._head.log_probabilities(torch.cat(states), ids)
            return [
                float(part.sum()) for part in torch.split(values, [len(prompt) - prompt.start for prompt in prompts])
            ]

    def generate(
        self,
        prompts: Sequence[Encoded],
        limit: int,
        *,
        stop: Stop | None = None,
        constraint: Constraint | None = None,
    ) -> list[Generation]:
        """See `LanguageModel.generate`."""
        for prompt in prompts:
            self._check_length(prompt, limit)
            self._meter.prompted(ids_of(prompt))
        rules = Rules(limit, self._ends, stop, constraint)
        return self.writer.write([ids_of(prompt) for prompt in prompts], rules)

    def _spelled(self, states: Tensor, spellings: Sequence[Sequence[int]], over: Over) -> Tensor:
        """``[answers, prompts]`` log-probabilities, those of an answer's spellings added."""
        with torch.inference_mode():
            flat = torch.tensor([number for ids in spellings for number in ids])
            if over == "answers":
                values = torch.log_softmax(self._head.logits(states, flat), -1)
            else:
                logits = self._head.logits(states)
                values = torch.log_softmax(logits, -1)[:, flat.to(logits.device)]
            parts = torch.split(values, [len(ids) for ids in spellings], -1)
            return torch.stack([torch.logsumexp(part, -1) for part in parts])

    def _text(self, ids: Sequence[int]) -> str:
        text: str = self._tokenizer.fast.backend_tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    @cached_property
    def _ends(self) -> frozenset[int]:
        """Every id that ends a turn, by the tokenizer, the config and the generation config."""
        sources = (
            self._tokenizer.fast.eos_token_id,
            getattr(self._model.config.get_text_config(), "eos_token_id", None),
            getattr(getattr(self._model, "generation_config", None), "eos_token_id", None),
        )
        ends: set[int] = set()
        for source in sources:
            ends.update([source] if isinstance(source, int) else source or [])
        return frozenset(ends)
