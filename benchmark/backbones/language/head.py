"""From hidden states to logits, and only for the rows and tokens that are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.errors import UserError

ROWS = 256
"""Hidden states whose logits over the whole vocabulary are held at a time."""


class Head:
    """The output head of a causal language model, with the scaling and capping its architecture applies.

    transformers writes these into each model's forward method, so they are repeated here by the config's own fields and
    compared with the model itself once, on three tokens, before the first use.

    Args:
        model: a transformers causal language model.

    Raises:
        UserError: the model's own logits are others.
    """

    def __init__(self, model: Any) -> None:
        self._linear = model.get_output_embeddings()
        config = model.config.get_text_config()
        self._divide = _number(config, "logits_scaling", 1.0)
        self._multiply = _number(config, "logit_scale", 1.0) * _number(config, "lm_head_multiplier", 1.0)
        self._cap = _number(config, "final_logit_softcapping", None)
        self._check(model)

    @torch.inference_mode()
    def logits(self, hidden: Tensor, ids: Tensor | None = None) -> Tensor:
        """Logits ``[rows, vocabulary]``, or ``[rows, ids]``, as float32.

        Given ``ids``, only their rows of the head are used, in float32 whatever the model's number format: logits of
        half precision tie too often to rank by.

        Args:
            hidden: ``[rows, hidden size]``; ids: token ids.
        """
        weight, bias = self._linear.weight, getattr(self._linear, "bias", None)
        hidden = hidden.to(weight.device)
        if ids is not None:
            ids = ids.to(weight.device)
            found = functional.linear(hidden.float(), weight[ids].float(), None if bias is None else bias[ids].float())
        else:
            found = functional.linear(hidden, weight, bias)
        return self._adjusted(found).float()

    def best(self, hidden: Tensor, ids: Sequence[int] | None = None) -> list[int]:
        """The most likely token of each row, of all or of ``ids``."""
        if ids is None:
            found: list[int] = self.logits(hidden).argmax(-1).tolist()
            return found
        chosen = self.logits(hidden, torch.tensor(ids)).argmax(-1).tolist()
        return [ids[place] for place in chosen]

    @torch.inference_mode()
    def log_probabilities(self, hidden: Tensor, ids: Tensor) -> Tensor:
        """Log-probability of one token a row over the vocabulary.

        Args:
            hidden: ``[rows, hidden size]``; ids: ``[rows]``.
        """
        blocks = []
        for block, wanted in zip(torch.split(hidden, ROWS), torch.split(ids, ROWS), strict=True):
            logits = self.logits(block)
            chosen = logits.gather(-1, wanted.to(logits.device)[:, None])[:, 0]
            blocks.append(chosen - torch.logsumexp(logits, -1))
        return torch.cat(blocks)

    def _adjusted(self, logits: Tensor) -> Tensor:
        if self._divide != 1.0:
            logits = logits / self._divide
        if self._multiply != 1.0:
            logits = logits * self._multiply
        if self._cap is not None:
            logits = torch.tanh(logits / self._cap) * self._cap
        return logits

    @torch.inference_mode()
    def _check(self, model: Any) -> None:
        name = type(model).__name__
        if not isinstance(self._linear, nn.Linear):
            raise UserError(f"{name}: its output head is no linear layer; logits cannot be read. Use another backbone.")
        ids = torch.arange(3, device=model.device)[None]
        expected = model(input_ids=ids, use_cache=False).logits[0, -1].float()
        hidden = model.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state[0, -1:]
        found = self.logits(hidden)[0].to(expected.device)
        exact = expected.new_tensor(1e-4 if hidden.dtype == torch.float32 else 3e-2)
        if (found - expected).abs().max() > exact * expected.abs().max().clamp(min=1.0):
            raise UserError(
                f"{name}: its logits are made in a way that is not known here, so they cannot be read one by one. "
                "Use another backbone, and report the architecture."
            )


def _number(config: Any, field: str, default: Any) -> Any:
    value = getattr(config, field, None)
    return default if value is None else float(value)
