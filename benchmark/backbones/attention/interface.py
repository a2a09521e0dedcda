"""The attention and mask functions that transformers calls, and the forward pass they serve."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask
from transformers.modeling_utils import AttentionInterface

from benchmark.backbones.attention import rows
from benchmark.backbones.kernels import Kernel, flash
from benchmark.backbones.prompt import Span

NAME = "rerankbench"
"""The attention implementation under which a backbone's model is loaded."""

PREFIX, PADDING = -1, -2
"""Owners of keys that belong to no branch."""

Heads = Mapping[int, Sequence[int]]
"""Wanted heads by layer, both counted from 0."""

Consumer = Callable[[int, Tensor], None]
"""Called once a layer with ``(layer, attention)``; see `AttentionReader.read`."""

_active: ContextVar[Pass | None] = ContextVar("rerankbench_attention_pass", default=None)


class DeepestLayerReached(Exception):
    """Leaves the forward pass; nothing below the deepest wanted layer is computed."""


@dataclass(frozen=True)
class Layout:
    """Where each key of a tail pass stands: prefix, then the branches one after the other.

    Attributes:
        positions: ``[batch, keys]``, the position in its own continuation.
        owner: ``[batch, keys]``, number of the branch, `PREFIX` or `PADDING`.
    """

    positions: Tensor
    owner: Tensor

    def mask(self, base: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """The model's own mask rule, on true positions; no view from one branch into another, none of padding."""

        def rule(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
            positions, owner = self.positions.to(key.device), self.owner.to(key.device)
            visible = (owner[batch, key] == PREFIX) | (owner[batch, key] == owner[batch, query])
            return visible & base(batch, head, positions[batch, query], positions[batch, key])

        return rule


@dataclass(frozen=True)
class Wish:
    """What is read of one item of the batch.

    Attributes:
        rows: ranges of tail tokens, one a branch; prefix: number of its prefix tokens; consume: gets the result.
    """

    rows: Sequence[Span]
    prefix: int
    consume: Consumer


@dataclass
class Pass:
    """One forward pass.

    Attributes:
        last: the layer that ends it.
        heads, wishes: what is read on the way; empty in the prefix pass.
        layout: of a tail pass; None: a prefix, plainly causal.
        kernel: what computes a prefix's attention.
        seen: layers whose attention was called.
    """

    last: int
    heads: Heads = field(default_factory=dict)
    wishes: Sequence[Wish] = ()
    layout: Layout | None = None
    kernel: Kernel = "sdpa"
    seen: set[int] = field(default_factory=set)

    @property
    def by_flash(self) -> bool:
        """Whether flash-attn computes it; it takes no masks, so only prefixes."""
        return self.kernel == "flash_attention_2" and self.layout is None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Within the block the registered functions serve this pass; it may end early."""
        token = _active.set(self)
        try:
            with suppress(DeepestLayerReached):
                yield
        finally:
            _active.reset(token)

    def visit(self, layer: int, query: Tensor, key: Tensor, mask: Tensor | None, call: Mapping[str, Any]) -> None:
        """Read what is wanted of a layer; DeepestLayerReached after the last one."""
        self.seen.add(layer)
        if layer in self.heads:
            for item, wish in enumerate(self.wishes):
                visible = None if mask is None else mask[item if mask.shape[0] > 1 else 0]
                found = rows.mean_rows(query[item], key[item], visible, self.heads[layer], wish.rows, call)
                wish.consume(layer, found[..., : wish.prefix])
        if layer == self.last:
            raise DeepestLayerReached


def register() -> str:
    """Make the implementation known to transformers (again, harmlessly) and return its name."""
    AttentionInterface.register(NAME, _attention)
    AttentionMaskInterface.register(NAME, _mask)
    return NAME


def _attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **call: Any
) -> tuple[Tensor, None]:
    """Read what is wanted, then go on as the framework would."""
    running = _active.get()
    if running is not None:
        running.visit(module.layer_idx, query, key, attention_mask, call)
        if running.by_flash:
            return flash(query, key, value, call), None
    if call.get("softcap") is not None or call.get("s_aux") is not None:
        # The framework's fast attention knows neither; its own way is the slow one that keeps all weights.
        return rows.attend(query, key, value, attention_mask, call), None
    output, _ = AttentionInterface()["sdpa"](module, query, key, value, attention_mask, **call)
    return output, None


def _mask(*args: Any, **sizes: Any) -> Tensor | None:
    """The framework's sdpa mask, with the branches of a tail pass kept apart."""
    running = _active.get()
    if running is not None and running.by_flash:
        return None
    if running is not None and running.layout is not None:
        sizes["mask_function"] = running.layout.mask(sizes["mask_function"])
        sizes["allow_is_causal_skip"] = False
    mask: Tensor | None = sdpa_mask(*args, **sizes)
    return mask
