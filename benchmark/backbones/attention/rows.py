"""Attention weights of a few rows: blockwise, in float32, without expanding grouped keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from benchmark.backbones.prompt import Span

BLOCK = 1 << 22
"""Attention weights computed at a time (float32, so 16 MiB)."""


def mean_rows(
    query: Tensor, key: Tensor, mask: Tensor | None, heads: Sequence[int], rows: Sequence[Span], call: Mapping[str, Any]
) -> Tensor:
    """Attention weights averaged over ranges of rows.

    Args:
        query: ``[heads, queries, dim]``; key: ``[key heads, keys, dim]``.
        mask: ``[1 or heads, queries, keys]``, boolean (True: visible) or additive; None: all visible.
        heads: wanted heads; rows: ranges of queries.
        call: keyword arguments of the model's attention call, see `weights`.

    Returns:
        ``[ranges, len(heads), keys]`` float32.
    """
    repeats = query.shape[0] // key.shape[0]
    index = torch.cat([torch.arange(span.start, span.stop, device=query.device) for span in rows])
    out = torch.empty(len(rows), len(heads), key.shape[1], device=query.device)
    step = max(1, BLOCK // (len(index) * key.shape[1]))
    # Blocks never cross a key head, so grouped keys are used as they are, not expanded.
    for first, block in _blocks(heads, repeats, step):
        block_rows = query[block].index_select(1, index)
        found = weights(block_rows, key[block[0] // repeats], _mask_rows(mask, index, block), block, call)
        done = 0
        for number, span in enumerate(rows):
            torch.mean(found[:, done : done + len(span)], 1, out=out[number, first : first + len(block)])
            done += len(span)
    return out


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, call: Mapping[str, Any]) -> Tensor:
    """Attention with soft-capping or sinks, a block of rows at a time.

    Args:
        query: ``[batch, heads, queries, dim]``; key, value: ``[batch, key heads, keys, dim]``.
        mask: ``[batch, 1 or heads, queries, keys]``; None: plain causal attention whose last row sees every key.
        call: as in `mean_rows`.

    Returns:
        ``[batch, queries, heads, dim]``, as the attention interface wants it.
    """
    batch, heads, queries, _ = query.shape
    keys = key.shape[2]
    repeats = heads // key.shape[1]
    out = torch.empty(batch, queries, heads, value.shape[-1], dtype=query.dtype, device=query.device)
    step = max(1, BLOCK // (keys * repeats))
    for first in range(0, queries, step):
        index = torch.arange(first, min(queries, first + step), device=query.device)
        causal = torch.arange(keys, device=query.device) <= (index + keys - queries)[:, None]
        for item in range(batch):
            for group in range(key.shape[1]):
                block = list(range(group * repeats, (group + 1) * repeats))
                visible = causal[None] if mask is None else _mask_rows(mask[item], index, block)
                found = weights(query[item, block].index_select(1, index), key[item, group], visible, block, call)
                mixed = found.to(value.dtype) @ value[item, group]
                out[item, index, block[0] : block[-1] + 1] = mixed.transpose(0, 1)
    return out


def weights(query: Tensor, key: Tensor, mask: Tensor | None, heads: list[int], call: Mapping[str, Any]) -> Tensor:
    """``softmax(cap(scaling * q k^T) + mask)`` in float32, with attention sinks where the model has them.

    Args:
        query: ``[heads, rows, dim]``; key: ``[keys, dim]``, shared by these heads.
        mask: ``[1 or heads, rows, keys]``, boolean or additive.
        heads: which heads these are, to find their sinks.
        call: ``scaling``, ``softcap`` and ``s_aux`` (one sink a head) of the model's attention call are used.

    Returns:
        ``[heads, rows, keys]``; a sink takes its share, so rows may sum to less than one.
    """
    scaling = call.get("scaling")
    scores = torch.matmul(query.float(), key.float().T)
    scores *= query.shape[-1] ** -0.5 if scaling is None else scaling
    softcap = call.get("softcap")
    if softcap is not None:
        scores = torch.tanh(scores / softcap) * softcap
    if mask is not None:
        scores = scores.masked_fill_(~mask, -torch.inf) if mask.dtype == torch.bool else scores + mask
    sinks = call.get("s_aux")
    if sinks is None:
        return torch.softmax(scores, -1)
    sink = sinks[heads].float().view(-1, 1, 1).expand(-1, scores.shape[1], 1)
    return torch.softmax(torch.cat([scores, sink], -1), -1)[..., :-1]


def _blocks(heads: Sequence[int], repeats: int, step: int) -> Iterator[tuple[int, list[int]]]:
    """Runs of at most ``step`` heads that share a key head, each with the index of its first one."""
    start = 0
    for stop in range(1, len(heads) + 1):
        full = stop - start == step
        if stop == len(heads) or full or heads[stop] // repeats != heads[start] // repeats:
            yield start, list(heads[start:stop])
            start = stop


def _mask_rows(mask: Tensor | None, index: Tensor, heads: list[int]) -> Tensor | None:
    if mask is None:
        return None
    return (mask if mask.shape[0] == 1 else mask[heads]).index_select(1, index)
