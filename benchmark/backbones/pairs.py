"""Scores of query and passage by a model that reads both at once and gives one number: a cross-encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from benchmark.backbones.meter import Meter
from benchmark.backbones.packing import batches
from benchmark.errors import UserError


class PairScorer:
    """A sequence classifier with one output.

    Args:
        name: of the backbone, for messages; model: a transformers sequence classifier; fast: its tokenizer.
        meter: counts passes, tokens and seconds; context_length: most tokens of a pair.

    Raises:
        UserError: the model has another number of outputs.
    """

    def __init__(self, name: str, model: Any, fast: Any, meter: Meter, context_length: int) -> None:
        outputs = int(model.config.get_text_config().num_labels)
        if outputs != 1:
            raise UserError(
                f"Backbone '{name}' has {outputs} outputs, where a cross-encoder has one: it was not trained to score "
                "pairs. Choose a cross-encoder, such as ms-marco-minilm-l6-v2."
            )
        self.context_length = context_length
        self._model = model
        self._fast = fast
        self._meter = meter
        if fast.pad_token is None:
            # Decoders have none; the last token that is no padding is then found by the mask or by this id.
            fast.pad_token = fast.eos_token or fast.bos_token
        if model.config.pad_token_id is None:
            model.config.pad_token_id = fast.pad_token_id

    def scores(self, pairs: Sequence[tuple[str, str]], tokens: int) -> list[float]:
        """The model's output for each pair, before any activation.

        Results do not depend on how pairs are batched (up to rounding: 1e-4 in float32).

        Args:
            pairs: query and passage.
            tokens: most tokens of a pair, special ones included; of a longer one the longer text loses tokens at its
                end, then both.
        """
        if not pairs:
            return []
        queries, passages = zip(*pairs, strict=True)
        with self._meter.phase("tokenise"):
            encoded = self._fast(list(queries), list(passages), truncation="longest_first", max_length=tokens)
        lengths = [len(ids) for ids in encoded["input_ids"]]
        for ids in encoded["input_ids"]:
            self._meter.prompted(ids)
        found: dict[int, float] = {}
        with self._meter.phase("prefill"), torch.inference_mode():
            for batch in batches(lengths):
                inputs = self._fast.pad(
                    {key: [values[number] for number in batch] for key, values in encoded.items()},
                    padding_side="right",
                    return_tensors="pt",
                )
                logits = self._model(**{key: value.to(self._model.device) for key, value in inputs.items()}).logits
                self._meter.add(prompt_tokens=sum(lengths[number] for number in batch))
                found.update(zip(batch, logits[:, 0].float().tolist(), strict=True))
        return [found[number] for number in range(len(pairs))]


def positions(model: Any) -> int | None:
    """Tokens for which a model has learnt positions; None where it needs none for each.

    RoBERTa's kind of model counts positions from behind its padding.
    """
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            return module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1)
    return None
