"""Selective-ICR: ICR with the attention of a band of layers (arXiv 2602.22591)."""

from __future__ import annotations

import re

from pydantic import field_validator

from benchmark.errors import UserError
from methods.in_context.icr import IcrOptions, InContext
from methods.in_context.reading import Rows

BAND = 4
"""Layers of the band that is chosen by depth."""


class SelectiveIcrOptions(IcrOptions):
    """Options of Selective-ICR."""

    layers: str = "auto"
    """``first-last``, both inclusive and counted from 0; ``auto``: the four layers at half depth."""
    rows: Rows = "tail"
    """Tokens that are read: the whole tail (official code for Llama and Mistral) or the query's own (for others)."""

    @field_validator("layers", mode="before")
    @classmethod
    def _one_layer_is_a_band(cls, value: object) -> object:
        return f"{value}-{value}" if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("layers")
    @classmethod
    def _is_a_band(cls, value: str) -> str:
        if value == "auto":
            return value
        match = re.fullmatch(r"(\d+)-(\d+)", value)
        if match is None or int(match[1]) > int(match[2]):
            raise ValueError("layers must be 'first-last', such as 10-19, or 'auto'")
        return value


class SelectiveIcr(InContext[SelectiveIcrOptions]):
    """In-context re-ranking over a band of layers; those above it are not run."""

    options_class = SelectiveIcrOptions

    def ready(self) -> None:
        """See `Method.ready`."""
        self.heads()

    def heads(self) -> dict[int, range]:
        """All heads of the band; UserError when the model does not have its layers."""
        reader = self.backbone.attention
        first, last = band(self.options.layers, reader.layers)
        if last >= reader.layers:
            raise UserError(
                f"layers={self.options.layers}: backbone '{self.backbone.name}' has layers 0-{reader.layers - 1}."
            )
        return reader.all_heads(first, last)

    def rows(self) -> Rows:
        """As the option says."""
        return self.options.rows


def band(layers: str, depth: int) -> tuple[int, int]:
    """First and last layer of a band, inclusive.

    ``auto`` takes the `BAND` layers around half depth: the paper finds nDCG by layer bell-shaped with its peak in the
    middle, at 0.43 of the depth for Qwen3-0.6B and 0.56 for Qwen3-8B. Where development queries are at hand,
    ``rerankbench analyze layers`` finds the band for a backbone.

    Args:
        layers: a valid value of the option; depth: number of layers of the model.
    """
    if layers == "auto":
        size = min(BAND, depth)
        first = (depth - size) // 2
        return first, first + size - 1
    first_text, _, last_text = layers.partition("-")
    return int(first_text), int(last_text)
