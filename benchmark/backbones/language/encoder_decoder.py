"""An encoder with a decoder, such as T5: the prompt is encoded, the answer decoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from benchmark.backbones.language.interface import (
    Answer,
    Constraint,
    Encoded,
    Generation,
    Over,
    Prompt,
    Stop,
)
from benchmark.backbones.language.tokenised import Tokenised, ids_of
from benchmark.backbones.meter import Meter
from benchmark.backbones.packing import batches, padded
from benchmark.backbones.prompt import Tokenizer
from benchmark.errors import QueryError


class EncoderDecoderLanguageModel(Tokenised):
    """A loaded transformers model; it scores answers and does not write.

    There is no chat template: the texts of a conversation, with an empty line between them, are what is encoded. What
    an answer is made to begin with (`Prompt.opening`) is given to the decoder, as in ielab/llm-rankers.

    Args:
        name: of the backbone; model: the conditional generation model; tokenizer: its own.
        meter: counts passes, tokens and seconds; context_length: most tokens of a prompt.
    """

    capabilities = frozenset({"tokens", "next_token", "vocabulary", "likelihood"})

    def __init__(self, name: str, model: Any, tokenizer: Tokenizer, meter: Meter, context_length: int) -> None:
        super().__init__(name, tokenizer, meter, context_length)
        self._model = model

    def encode(self, prompt: Prompt | str, continuation: str = "") -> Encoded:
        """See `LanguageModel.encode`; the length is the encoder's."""
        text = prompt if isinstance(prompt, str) else "\n\n".join(message.content for message in prompt.messages)
        ids = tuple(self._tokenizer.encode(text).ids)
        return Encoded(prompt, continuation, ids, len(ids))

    def next_token(
        self, prompts: Sequence[Encoded], answers: Sequence[Answer], over: Over = "answers"
    ) -> list[list[float]]:
        """See `LanguageModel.next_token`."""
        spellings = self._vocabulary.answers(answers)
        rows = []
        for logits in self._logits(prompts, [self._decoder_ids(prompt)[0] for prompt in prompts]):
            last = logits[-1] if over == "vocabulary" else logits[-1][[token for ids in spellings for token in ids]]
            values = torch.log_softmax(last, -1)
            if over == "vocabulary":
                parts = [values[ids] for ids in spellings]
            else:
                parts = list(torch.split(values, [len(ids) for ids in spellings]))
            rows.append([float(torch.logsumexp(part, -1)) for part in parts])
        return rows

    def likelihood(self, prompts: Sequence[Encoded]) -> list[float]:
        """See `LanguageModel.likelihood`."""
        decoded = [self._decoder_ids(prompt) for prompt in prompts]
        if any(start == len(ids) for ids, start in decoded):
            raise QueryError("a prompt has no continuation whose likelihood could be measured")
        found = []
        for logits, (ids, start) in zip(self._logits(prompts, [ids[:-1] for ids, _ in decoded]), decoded, strict=True):
            values = torch.log_softmax(logits[start - 1 :], -1)
            found.append(float(values[range(len(ids) - start), ids[start:]].sum()))
        return found

    def generate(
        self,
        prompts: Sequence[Encoded],
        limit: int,
        *,
        stop: Stop | None = None,
        constraint: Constraint | None = None,
    ) -> list[Generation]:
        """Refused: see `capabilities`."""
        self.require("generate")
        raise AssertionError((prompts, limit, stop, constraint))

    def _decoder_ids(self, prompt: Encoded) -> tuple[list[int], int]:
        """What the decoder reads, its start token included, and where the continuation begins."""
        opening = "" if isinstance(prompt.prompt, str) else prompt.prompt.opening
        encoding = self._tokenizer.encode(opening + prompt.continuation, special=False)
        ends = [*encoding.ends, len(opening) + 1]
        start = next(place for place, end in enumerate(ends) if end > len(opening))
        return [int(self._model.config.decoder_start_token_id), *encoding.ids], start + 1

    def _logits(self, prompts: Sequence[Encoded], decoder_ids: Sequence[Sequence[int]]) -> list[Tensor]:
        """``[decoder tokens, vocabulary]`` float32 of each prompt."""
        for prompt, ids in zip(prompts, decoder_ids, strict=True):
            self._check_length(prompt, 0)
            self._meter.prompted(ids_of(prompt))
            self._meter.prompted(ids)
        lengths = [len(prompt) for prompt in prompts]
        found: dict[int, Tensor] = {}
        device = self._model.device
        with self._meter.phase("prefill"), torch.inference_mode():
            for batch in batches(lengths):
                width = max(lengths[number] for number in batch)
                depth = max(len(decoder_ids[number]) for number in batch)
                # Padding of the decoder stands at its end, where a causal model's earlier positions do not see it.
                logits = self._model(
                    input_ids=torch.tensor([padded(ids_of(prompts[number]), width) for number in batch], device=device),
                    attention_mask=torch.tensor(
                        [[1] * lengths[number] + [0] * (width - lengths[number]) for number in batch], device=device
                    ),
                    decoder_input_ids=torch.tensor(
                        [padded(decoder_ids[number], depth) for number in batch], device=device
                    ),
                    use_cache=False,
                ).logits
                self._meter.add(prompt_tokens=sum(lengths[number] + len(decoder_ids[number]) for number in batch))
                for row, number in enumerate(batch):
                    found[number] = logits[row, : len(decoder_ids[number])].float()
        return [found[number] for number in range(len(prompts))]
