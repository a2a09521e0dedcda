"""What methods call: the attention that tail tokens pay to the documents before them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache

from benchmark.backbones.attention.interface import PADDING, PREFIX, Consumer, Heads, Layout, Pass, Wish
from benchmark.backbones.attention.prompt import Prompt
from benchmark.backbones.kernels import Kernel
from benchmark.backbones.meter import Meter
from benchmark.backbones.prompt import Span
from benchmark.errors import QueryError, UserError

READABLE = {"full_attention", "sliding_attention", "chunked_attention"}
"""Layer types of transformers whose attention has rows."""

UNMASKED = {"full_attention", "sliding_attention"}
"""Layer types that need no mask besides causality and a window."""


class AttentionReader:
    """Attention rows of one loaded model.

    Args:
        model: a transformers decoder without its output head, loaded with ``attn_implementation=NAME``.
        meter: counts the forward passes and their tokens.
        context_length: most tokens the model takes.
        kernel: what computes the prefix's attention where the architecture allows it.
    """

    def __init__(self, model: Any, meter: Meter, context_length: int, kernel: Kernel = "sdpa") -> None:
        self._model = model
        self._meter = meter
        self._context_length = context_length
        self.layers = int(model.config.num_hidden_layers)
        self.heads = int(model.config.num_attention_heads)
        self._kernel: Kernel = kernel if self._plainly_causal() else "sdpa"

    def all_heads(self, first: int = 0, last: int | None = None) -> dict[int, range]:
        """Every head of the layers ``first`` to ``last``, inclusive (default: of all layers)."""
        stop = self.layers if last is None else last + 1
        return {layer: range(self.heads) for layer in range(first, stop)}

    def check(self, heads: Heads) -> None:
        """Raise UserError, naming each, for layers and heads the model does not have."""
        if not any(len(chosen) for chosen in heads.values()):
            raise UserError("No attention head is selected: name at least one, as 'layer-head'.")
        wrong = [
            f"{layer}-{head}"
            for layer, chosen in heads.items()
            for head in chosen
            if not (0 <= layer < self.layers and 0 <= head < self.heads)
        ]
        if wrong:
            raise UserError(
                f"No such head: {', '.join(wrong[:10])}. The model has layers 0-{self.layers - 1} "
                f"with heads 0-{self.heads - 1} each."
            )

    def read(self, prompt: Prompt, heads: Heads, consume: Consumer, *, hidden: int | None = None) -> Tensor | None:
        """Run a prompt, and hand over the attention that its branches' rows pay to its prefix.

        Args:
            prompt: what to run.
            heads: what is wanted; layers above the deepest are not run.
            consume: called in layer order with the layer and a float32 tensor
                ``[branches, wanted heads of the layer, prefix tokens]``: the post-softmax attention, averaged over
                the branch's rows.
            hidden: also return the hidden states that enter this layer.

        Returns:
            ``[tail tokens of all branches, hidden size]``, None unless ``hidden`` was asked for.

        Raises:
            QueryError: prefix and longest branch do not fit into the context.
            UserError: unknown heads, or an architecture whose attention cannot be read.
        """
        found = self.read_batch([prompt], heads, [consume], hidden=hidden)
        return None if found is None else found[0]

    def read_batch(
        self, prompts: Sequence[Prompt], heads: Heads, consumers: Sequence[Consumer], *, hidden: int | None = None
    ) -> Tensor | None:
        """As `read` for several prompts at once, padded to the longest; the results are those of each alone.

        Returns:
            ``[prompts, tail tokens, hidden size]``, padded at the end; None unless ``hidden`` was asked for.
        """
        self.check(heads)
        for prompt in prompts:
            if len(prompt) > self._context_length:
                raise QueryError(
                    f"the prompt has {len(prompt)} tokens, {len(prompt) - self._context_length} more than the context "
                    f"of {self._context_length}: truncate passages (option words) or rank in windows (option window)"
                )
            for ids in (prompt.prefix, *(branch.ids for branch in prompt.branches)):
                self._meter.prompted(ids)
        with self._meter.phase("prefill"):
            return self._read(prompts, heads, consumers, hidden)

    def _read(
        self, prompts: Sequence[Prompt], heads: Heads, consumers: Sequence[Consumer], hidden: int | None
    ) -> Tensor | None:
        wanted = {layer: chosen for layer, chosen in heads.items() if len(chosen)}
        last = max(max(wanted), -1 if hidden is None else hidden)
        self._check_readable(last)
        cache = DynamicCache()
        width = max(len(prompt.prefix) for prompt in prompts)
        prefixes = [_padded(prompt.prefix, width) for prompt in prompts]
        # Padding is at the end, so causal masking alone keeps it out of the prefix.
        self._run(Pass(last, kernel=self._kernel), prefixes, [list(range(width))] * len(prompts), cache)
        tails = [_Tail(prompt, width) for prompt in prompts]
        longest = max(len(tail.ids) for tail in tails)
        for tail in tails:
            tail.pad(longest)
        layout = Layout(torch.tensor([tail.positions for tail in tails]), torch.tensor([tail.owner for tail in tails]))
        wishes = [
            Wish(tail.rows, len(prompt.prefix), consume)
            for tail, prompt, consume in zip(tails, prompts, consumers, strict=True)
        ]
        with self._entering(hidden) as states:
            positions = [tail.positions[width:] for tail in tails]
            self._run(Pass(last, wanted, wishes, layout), [tail.ids for tail in tails], positions, cache)
        real = sum(len(prompt.prefix) + sum(len(branch.ids) for branch in prompt.branches) for prompt in prompts)
        self._meter.add(prompt_tokens=real, forward_passes=2)
        return states[0] if states else None

    def states(self, ids: Sequence[int], layer: int) -> Tensor:
        """Hidden states that enter a layer; nothing from there on is run.

        Args:
            ids: tokens, at least one; layer: counted from 0.

        Returns:
            ``[tokens, hidden size]``.

        Raises:
            QueryError: the tokens do not fit into the context.
            UserError: no such layer.
        """
        if len(ids) > self._context_length:
            raise QueryError(f"the query has {len(ids)} tokens and the context only {self._context_length}")
        self._meter.prompted(ids)
        with self._meter.phase("prefill"), self._entering(layer) as found:
            self._run(Pass(layer), [list(ids)], [list(range(len(ids)))], DynamicCache())
        self._meter.add(prompt_tokens=len(ids))
        return found[0][0]

    @torch.inference_mode()
    def _run(
        self, state: Pass, ids: Sequence[Sequence[int]], positions: Sequence[Sequence[int]], cache: DynamicCache
    ) -> None:
        device = self._model.device
        with state.running():
            self._model(
                input_ids=torch.tensor(ids, device=device),
                position_ids=torch.tensor(positions, device=device),
                past_key_values=cache,
                use_cache=True,
            )
        missing = sorted(set(range(state.last + 1)) - state.seen)
        if missing:
            raise self._unreadable(missing, "an attention of their own")

    def _plainly_causal(self) -> bool:
        """Whether every layer's mask is causality, with a window or without, and no attention sink."""
        sinks = any(name.endswith("sinks") for name, _ in self._model.named_parameters())
        return not sinks and set(self._layer_types()) <= UNMASKED

    def _layer_types(self) -> list[str]:
        return list(getattr(self._model.config, "layer_types", None) or [])

    def _check_readable(self, last: int) -> None:
        kinds = self._layer_types()[: last + 1]
        odd = [layer for layer, kind in enumerate(kinds) if kind not in READABLE]
        if odd:
            raise self._unreadable(odd, kinds[odd[0]].replace("_", " "))
        if not getattr(self._model, "_supports_attention_backend", False):
            raise self._unreadable(list(range(last + 1)), "no use of transformers' attention interface")

    def _unreadable(self, layers: Sequence[int], why: str) -> UserError:
        return UserError(
            f"{type(self._model).__name__}: the attention of layers {', '.join(map(str, layers[:10]))} cannot be read "
            f"({why}). Use a method that does not need attention, or another backbone."
        )

    @contextmanager
    def _entering(self, layer: int | None) -> Iterator[list[Tensor]]:
        """Collects what enters a decoder layer during the block."""
        states: list[Tensor] = []
        if layer is None:
            yield states
            return
        handle = self._decoder_layer(layer).register_forward_pre_hook(
            lambda _, args, kwargs: states.append(args[0] if args else kwargs["hidden_states"]), with_kwargs=True
        )
        try:
            yield states
        finally:
            handle.remove()

    def _decoder_layer(self, layer: int) -> nn.Module:
        """The module that holds the attention of a layer."""
        for name, module in self._model.named_modules():
            if getattr(module, "layer_idx", None) == layer and "." in name:
                parent: nn.Module = self._model.get_submodule(name.rpartition(".")[0])
                return parent if not isinstance(parent, nn.ModuleList) else module
        raise UserError(f"No such layer: {layer}. The model has layers 0-{self.layers - 1}.")


class _Tail:
    """All branches of a prompt in a row; where each token of prefix and branches stands."""

    def __init__(self, prompt: Prompt, width: int) -> None:
        prefix = len(prompt.prefix)
        self.ids: list[int] = []
        self.positions = list(range(width))
        self.owner = [PREFIX] * prefix + [PADDING] * (width - prefix)
        self.rows: list[Span] = []
        for number, branch in enumerate(prompt.branches):
            self.rows.append(Span(len(self.ids) + branch.rows.start, len(self.ids) + branch.rows.stop))
            self.ids += branch.ids
            self.positions += range(prefix, prefix + len(branch.ids))
            self.owner += [number] * len(branch.ids)

    def pad(self, length: int) -> None:
        """Fill up to ``length`` tokens; a padding token sees the prefix and nobody sees it."""
        missing = length - len(self.ids)
        self.positions += [self.positions[-1]] * missing
        self.owner += [PADDING] * missing
        self.ids = _padded(self.ids, length)


def _padded(ids: Sequence[int], length: int) -> list[int]:
    return [*ids, *[0] * (length - len(ids))]
