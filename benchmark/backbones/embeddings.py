"""Texts as points: the normalised hidden state of a decoder's last token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from benchmark.backbones.language.chat import ChatTemplate
from benchmark.backbones.language.interface import Prompt
from benchmark.backbones.language.states import States, Wanted
from benchmark.backbones.meter import Meter
from benchmark.backbones.prompt import Span, Tokenizer
from benchmark.errors import QueryError


class Embedder:
    """A decoder used as an embedding model.

    Args:
        name: of the backbone, for messages; decoder: without its head, loaded with our attention implementation.
        tokenizer: its own; meter: counts passes, tokens and seconds; context_length: most tokens of a text.
    """

    def __init__(self, name: str, decoder: Any, tokenizer: Tokenizer, meter: Meter, context_length: int) -> None:
        self._states = States(decoder, meter)
        self._template = ChatTemplate(tokenizer.fast, name)
        self._tokenizer = tokenizer
        self._meter = meter
        self._context_length = context_length

    def rendered(self, prompt: Prompt) -> str:
        """A conversation as text; UserError where there is no chat template."""
        return self._template.render(prompt)

    def embed(self, texts: Sequence[str]) -> Tensor:
        """``[texts, hidden size]`` float32 of length 1, on the CPU.

        Results do not depend on how texts are batched (up to rounding: 1e-4 in float32).

        Raises:
            QueryError: a text is empty or longer than the context.
        """
        wanted, bos = [], self._tokenizer.fast.bos_token
        for text in texts:
            # A chat template may have written the tokenizer's BOS already.
            ids = self._tokenizer.encode(text, special=not (bos and text.startswith(bos))).ids
            if not 0 < len(ids) <= self._context_length:
                raise QueryError(
                    f"a text has {len(ids)} tokens, where 1 to {self._context_length} can be embedded: truncate "
                    "passages (option words)"
                )
            wanted.append(Wanted(ids, Span(len(ids) - 1, len(ids))))
        states = [rows.float().cpu() for rows in self._states.rows(wanted)]
        return functional.normalize(torch.cat(states), dim=-1)
