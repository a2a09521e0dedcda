"""Read attention rows of chosen tokens, heads and layers out of any transformers decoder.

Nothing of a model is copied or patched. transformers lets an attention function be registered by name
(``AttentionInterface``, and ``AttentionMaskInterface`` for its mask); ours hands the forward pass on to the
framework's own function and, for a few rows, computes ``softmax(scaling * q k^T + mask)`` beside it.

One reading is two forward passes: the prefix (everything up to the tail) through the fast attention, then all tails
(query, content-free query) in one pass over its cache, each blind to the others. The pass ends inside the deepest
layer that is wanted, before that layer's own attention; logits are never computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask
from transformers.modeling_utils import AttentionInterface

from benchmark.backbones.meter import Meter
from benchmark.backbones.prompt import Span
from benchmark.errors import QueryError, UserError

NAME = "rerankbench"
"""The attention implementation under which a backbone's model is loaded."""

BLOCK = 1 << 22
"""Attention weights computed at a time (float32, so 16 MiB)."""

Tensor = torch.Tensor
Heads = Mapping[int, Sequence[int]]
"""Wanted heads by layer, both counted from 0."""

Consumer = Callable[[int, Tensor], None]
"""Called once a layer with ``(layer, attention)``; see `AttentionReader.read`."""

_active: ContextVar[_Pass | None] = ContextVar("rerankbench_attention_pass", default=None)


@dataclass(frozen=True)
class Branch:
    """One continuation of the prefix.

    Attributes:
        ids: its tokens.
        rows: which of them are read, as a range within ``ids``.
    """

    ids: Sequence[int]
    rows: Span


class AttentionReader:
    """Attention rows of one loaded model.

    Args:
        model: a transformers decoder without its output head, loaded with ``attn_implementation=NAME``.
        meter: counts the forward passes and their tokens.
        context_length: most tokens the model takes.
    """

    def __init__(self, model: Any, meter: Meter, context_length: int) -> None:
        self._model = model
        self._meter = meter
        self._context_length = context_length
        self.layers = int(model.config.num_hidden_layers)
        self.heads = int(model.config.num_attention_heads)

    def all_heads(self, first: int = 0, last: int | None = None) -> dict[int, range]:
        """Every head of the layers ``first`` to ``last``, inclusive (default: of all layers)."""
        stop = self.layers if last is None else last + 1
        return {layer: range(self.heads) for layer in range(first, stop)}

    def check(self, heads: Heads) -> None:
        """Raise UserError, naming each, for layers and heads the model does not have."""
        wrong = [
            f"{layer}-{head}"
            for layer, chosen in heads.items()
            for head in chosen
            if not (0 <= layer < self.layers and 0 <= head < self.heads)
        ]
        if not any(heads.values()):
            raise UserError("No attention head is selected: name at least one, as 'layer-head'.")
        if wrong:
            raise UserError(
                f"No such head: {', '.join(wrong[:10])}. The model has layers 0-{self.layers - 1} "
                f"with heads 0-{self.heads - 1} each."
            )

    def read(self, prefix: Sequence[int], branches: Sequence[Branch], heads: Heads, consume: Consumer) -> None:
        """Run the prefix and its branches, and hand over the attention that the branches' rows pay to the prefix.

        Args:
            prefix: token ids shared by all branches, at least one.
            branches: at least one.
            heads: what is wanted; layers above the deepest are not run.
            consume: called in layer order with the layer and a float32 tensor
                ``[branches, wanted heads of the layer, prefix tokens]``: the post-softmax attention, averaged over
                the branch's rows. The tensor may be overwritten after the call.

        Raises:
            QueryError: prefix and longest branch do not fit into the context.
            UserError: unknown heads, or an architecture whose attention cannot be read.
        """
        self.check(heads)
        longest = len(prefix) + max(len(branch.ids) for branch in branches)
        if longest > self._context_length:
            raise QueryError(
                f"the prompt has {longest} tokens, {longest - self._context_length} more than the context of "
                f"{self._context_length}: truncate passages (option words), or rank in windows (option window)"
            )
        wanted = {layer: chosen for layer, chosen in heads.items() if len(chosen)}
        last = max(wanted)
        cache = DynamicCache()
        self._run(_Pass(last), prefix, range(len(prefix)), cache)
        ids, positions, owner = _layout(len(prefix), branches)
        rows = []
        offset = 0
        for branch in branches:
            rows.append(Span(offset + branch.rows.start, offset + branch.rows.stop))
            offset += len(branch.ids)
        layout = _Layout(torch.tensor(positions), torch.tensor(owner))
        self._run(_Pass(last, wanted, rows, consume, layout), ids, positions[len(prefix) :], cache)

    @torch.inference_mode()
    def _run(self, state: _Pass, ids: Sequence[int], positions: Sequence[int], cache: DynamicCache) -> None:
        device = self._model.device
        self._meter.add(prompt_tokens=len(ids))
        with _activated(state), suppress(_DeepestLayerReached):
            self._model(
                input_ids=torch.tensor([list(ids)], device=device),
                position_ids=torch.tensor([list(positions)], device=device),
                past_key_values=cache,
                use_cache=True,
            )
        missing = sorted(set(range(state.last + 1)) - state.seen)
        if missing:
            raise UserError(
                f"{type(self._model).__name__}: layers {', '.join(map(str, missing))} do not call the attention "
                "interface of transformers (linear-attention or recurrent layers, or an attention of their own), so "
                "their attention cannot be read. Use a method that does not need attention, or another backbone."
            )


class _DeepestLayerReached(Exception):
    """Leaves the forward pass; nothing below the deepest wanted layer is computed."""


@dataclass(frozen=True)
class _Layout:
    """Where each key of a tail pass stands: prefix, then the branches one after the other.

    Attributes:
        positions: ``[keys]``, the position in its own continuation.
        owner: ``[keys]``, number of the branch, -1 for the prefix.
    """

    positions: Tensor
    owner: Tensor

    def mask(self, base: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """The model's own mask rule, on true positions, and no view from one branch into another."""

        def rule(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
            positions, owner = self.positions.to(key.device), self.owner.to(key.device)
            visible = (owner[key] < 0) | (owner[key] == owner[query])
            return visible & base(batch, head, positions[query], positions[key])

        return rule


class _Pass:
    """One forward pass: which layer ends it and, for a tail pass, what is read on the way."""

    def __init__(
        self,
        last: int,
        wanted: Heads | None = None,
        rows: Sequence[Span] = (),
        consume: Consumer | None = None,
        layout: _Layout | None = None,
    ) -> None:
        self.last = last
        self.wanted = wanted or {}
        self.rows = rows
        self.consume = consume
        self.layout = layout
        self.seen: set[int] = set()

    def attend(self, module: Any, query: Tensor, key: Tensor, mask: Tensor | None, rest: Mapping[str, Any]) -> None:
        layer = module.layer_idx
        self.seen.add(layer)
        if self.consume is not None and layer in self.wanted:
            prefix = key.shape[2] - query.shape[2]
            self.consume(layer, _mean_rows(query, key, mask, self.wanted[layer], self.rows, prefix, rest))
        if layer == self.last:
            raise _DeepestLayerReached


def _layout(prefix: int, branches: Sequence[Branch]) -> tuple[list[int], list[int], list[int]]:
    """Token ids of all branches in a row; positions and owners of all keys, the prefix's first."""
    ids: list[int] = []
    positions = list(range(prefix))
    owner = [-1] * prefix
    for number, branch in enumerate(branches):
        ids.extend(branch.ids)
        positions.extend(range(prefix, prefix + len(branch.ids)))
        owner.extend([number] * len(branch.ids))
    return ids, positions, owner


def _mean_rows(
    query: Tensor,
    key: Tensor,
    mask: Tensor | None,
    heads: Sequence[int],
    rows: Sequence[Span],
    prefix: int,
    rest: Mapping[str, Any],
) -> Tensor:
    """Attention to the prefix, averaged over each branch's rows.

    Args:
        query: ``[1, heads, tail, dim]``; key: ``[1, key heads, keys, dim]``; mask: ``[1, 1 or heads, tail, keys]``,
            boolean (True: visible) or additive.
        heads: wanted heads; rows: ranges of tail tokens, one a branch.

    Returns:
        ``[branches, len(heads), prefix]`` float32.
    """
    repeats = query.shape[1] // key.shape[1]
    index = torch.cat([torch.arange(span.start, span.stop, device=query.device) for span in rows])
    out = torch.empty(len(rows), len(heads), prefix, device=query.device)
    step = max(1, BLOCK // (len(index) * key.shape[2]))
    # Blocks never cross a key head, so grouped keys are used as they are, not expanded.
    for first, block in _blocks(heads, repeats, step):
        rows_of_block = query[0, list(block)].index_select(1, index)
        weights = attention_weights(
            rows_of_block, key[0, block[0] // repeats], _rows(mask, index, block), list(block), rest
        )
        done = 0
        for number, span in enumerate(rows):
            torch.mean(weights[:, done : done + len(span), :prefix], 1, out=out[number, first : first + len(block)])
            done += len(span)
    return out


def attention_weights(
    query: Tensor, key: Tensor, mask: Tensor | None, heads: list[int], rest: Mapping[str, Any]
) -> Tensor:
    """``softmax(cap(scaling * q k^T) + mask)`` in float32, with attention sinks where the model has them.

    Args:
        query: ``[heads, rows, dim]``; key: ``[keys, dim]``, shared by these heads; mask: ``[1 or heads, rows, keys]``.
        rest: the keyword arguments of the model's attention call: ``scaling``, ``softcap``, ``s_aux`` are used.

    Returns:
        ``[heads, rows, keys]``; a sink takes its share, so rows may sum to less than one.
    """
    scaling = rest.get("scaling")
    scores = torch.matmul(query.float(), key.float().T)
    scores *= query.shape[-1] ** -0.5 if scaling is None else scaling
    softcap = rest.get("softcap")
    if softcap is not None:
        scores = torch.tanh(scores / softcap) * softcap
    if mask is not None:
        scores = scores.masked_fill_(~mask, -torch.inf) if mask.dtype == torch.bool else scores + mask
    sinks = rest.get("s_aux")
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


def _rows(mask: Tensor | None, index: Tensor, heads: list[int]) -> Tensor | None:
    if mask is None:
        return None
    chosen = mask[0] if mask.shape[1] == 1 else mask[0, heads]
    return chosen.index_select(1, index)


@contextmanager
def _activated(state: _Pass) -> Iterator[None]:
    token = _active.set(state)
    try:
        yield
    finally:
        _active.reset(token)


def _attention_function(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **rest: Any
) -> tuple[Tensor, None]:
    """The registered attention: read what is wanted, then the framework's own sdpa attention."""
    state = _active.get()
    if state is not None:
        state.attend(module, query, key, attention_mask, rest)
    output, _ = AttentionInterface()["sdpa"](module, query, key, value, attention_mask, **rest)
    return output, None


def _mask_function(*args: Any, **sizes: Any) -> Tensor | None:
    """The registered mask: the framework's sdpa mask, with the branches of a tail pass kept apart."""
    state = _active.get()
    if state is not None and state.layout is not None:
        sizes["mask_function"] = state.layout.mask(sizes["mask_function"])
        sizes["allow_is_causal_skip"] = False
    mask: Tensor | None = sdpa_mask(*args, **sizes)
    return mask


def register() -> str:
    """Make the implementation known to transformers (again, harmlessly) and return its name."""
    AttentionInterface.register(NAME, _attention_function)
    AttentionMaskInterface.register(NAME, _mask_function)
    return NAME
