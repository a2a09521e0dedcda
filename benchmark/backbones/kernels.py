"""Which fast attention runs the document prefix; part of a result's identity, as its rounding differs."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from torch import Tensor

Kernel = Literal["sdpa", "flash_attention_2"]


def available_kernel(dtype: str) -> Kernel:
    """``flash_attention_2`` where the package flash-attn is installed, a GPU is there and weights are half precision.

    Args:
        dtype: of the weights, as in the catalogue.
    """
    if dtype == "float32" or find_spec("flash_attn") is None:
        return "sdpa"
    import torch

    return "flash_attention_2" if torch.cuda.is_available() else "sdpa"


def flash(query: Tensor, key: Tensor, value: Tensor, call: Mapping[str, Any]) -> Tensor:
    """Causal attention by flash-attn; sliding windows and soft-capping included, attention sinks not.

    Args:
        query: ``[batch, heads, tokens, dim]``; key, value: ``[batch, key heads, tokens, dim]``, half precision.
        call: ``scaling``, ``sliding_window`` and ``softcap`` of the model's attention call are used.

    Returns:
        ``[batch, tokens, heads, dim]``, as the attention interface wants it.
    """
    from flash_attn import flash_attn_func

    window = call.get("sliding_window")
    out: Tensor = flash_attn_func(
        query.transpose(1, 2),
        key.transpose(1, 2),
        value.transpose(1, 2),
        softmax_scale=call.get("scaling"),
        causal=True,
        window_size=(-1, -1) if window is None else (window - 1, 0),
        softcap=call.get("softcap") or 0.0,
    )
    return out
