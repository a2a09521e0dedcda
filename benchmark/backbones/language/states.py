"""Hidden states of chosen tokens of many prompts, with few forward passes and no token computed for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from benchmark.backbones import packing
from benchmark.backbones.attention.interface import PADDING, PREFIX, Layout, Pass
from benchmark.backbones.meter import Meter
from benchmark.backbones.packing import batches, packs, padded
from benchmark.backbones.prompt import Span

PACKS, CPU_PACKS = 4, 16
"""Parts of `packing.BATCH_TOKENS` that make one pass of pieces laid end to end: the work on its mask grows
quadratically. On a CPU, to which fewer tokens are as good, smaller ones are faster."""

WORTH_SHARING = 64
"""Tokens that must be saved before the common beginning of some prompts is run apart."""

SEPARABLE = {"full_attention", "sliding_attention", "chunked_attention"}
"""Layer types in which prompts laid end to end can be kept from seeing each other."""

NO_LAST_LAYER = -1


@dataclass(frozen=True)
class Wanted:
    """A prompt's tokens, and the positions whose hidden states are read (not empty)."""

    ids: Sequence[int]
    rows: Span


class States:
    """Runs a decoder.

    Two ways, both exact. Prompts with little in common are padded at the end: a causal model's earlier positions do not
    see it. Prompts with a common beginning have it run once; their rest is laid end to end over its cache, each piece
    at its own positions and blind to the others, so that the cache is not copied for every prompt. Some of them that
    share much more than all do, such as comparisons of one passage with each of the others, have that run once, too.

    Args:
        decoder: a transformers decoder without its head, loaded with the attention implementation of
            `benchmark.backbones.attention`; meter: counts passes and tokens.
    """

    def __init__(self, decoder: Any, meter: Meter) -> None:
        self._decoder = decoder
        self._meter = meter
        kinds = set(getattr(decoder.config, "layer_types", None) or ["full_attention"])
        self.separable = kinds <= SEPARABLE and bool(getattr(decoder, "_supports_attention_backend", False))

    def rows(self, prompts: Sequence[Wanted]) -> list[Tensor]:
        """The wanted hidden states after the last layer and norm: ``[rows, hidden size]`` for each prompt, in order."""
        with self._meter.phase("prefill"):
            shared = self.shared_length(prompts)
            return self._over_cache(prompts, shared) if self._pays(prompts, shared) else self._padded(prompts)

    def shared_length(self, prompts: Sequence[Wanted]) -> int:
        """Tokens of the common beginning that are run once; 0 where that would save little or is not possible."""
        if len(prompts) < 2 or not self.separable:
            return 0
        shared = min(min(prompt.rows.start for prompt in prompts), common_length([prompt.ids for prompt in prompts]))
        return shared if shared * (len(prompts) - 1) >= WORTH_SHARING else 0

    def _pays(self, prompts: Sequence[Wanted], shared: int) -> bool:
        """Whether running the common beginning once saves more than laying the rests end to end costs.

        There the rests' attention to each other is computed and masked. A token costs about ``24 h^2`` operations a
        layer beside attention, with ``h`` the hidden size, and a pair of tokens ``4 h`` in it.
        """
        saved, masked = shared * (len(prompts) - 1), 0
        for length, family in families(prompts, shared) if shared else ():
            saved += (length - shared) * (len(family) - 1)
            lengths = [len(prompts[number].ids) - length for number in family]
            for pack in packs(lengths, self._most):
                own = [lengths[number] for number in pack]
                masked += sum(own) ** 2 - sum(piece**2 for piece in own)
        hidden = int(self._decoder.config.get_text_config().hidden_size)
        return 0 < saved >= masked / (6 * hidden)

    @property
    def _most(self) -> int:
        """Tokens of pieces that are laid end to end."""
        return packing.BATCH_TOKENS // (CPU_PACKS if self._decoder.device.type == "cpu" else PACKS)

    def run(self, ids: Sequence[Sequence[int]], cache: DynamicCache | None = None, layout: Layout | None = None) -> Any:
        """One forward pass; the last hidden states ``[batch, tokens, hidden size]``.

        Args:
            ids: rows of equal length; cache: what stands before them, extended by them.
            layout: where every key stands, for rows with padding or pieces in them; None: a plain causal pass.
        """
        device = self._decoder.device
        inputs: dict[str, Any] = {"input_ids": torch.tensor(ids, device=device)}
        if layout is not None:
            inputs["position_ids"] = layout.positions[:, -len(ids[0]) :].to(device)
        with torch.inference_mode(), Pass(NO_LAST_LAYER, layout=layout).running():
            output = self._decoder(**inputs, past_key_values=cache, use_cache=cache is not None)
        return output.last_hidden_state

    def _padded(self, prompts: Sequence[Wanted]) -> list[Tensor]:
        found: dict[int, Tensor] = {}
        for batch in batches([len(prompt.ids) for prompt in prompts]):
            width = max(len(prompts[number].ids) for number in batch)
            states = self.run([padded(prompts[number].ids, width) for number in batch])
            self._meter.add(prompt_tokens=sum(len(prompts[number].ids) for number in batch))
            for row, number in enumerate(batch):
                span = prompts[number].rows
                # A copy: a view would keep the states of the whole batch.
                found[number] = states[row, span.start : span.stop].clone()
        return [found[number] for number in range(len(prompts))]

    def _over_cache(self, prompts: Sequence[Wanted], shared: int) -> list[Tensor]:
        cache = DynamicCache()
        self.run([prompts[0].ids[:shared]], cache)
        self._meter.add(prompt_tokens=shared)
        found: dict[int, Tensor] = {}
        for length, family in families(prompts, shared):
            if length > shared:
                self.run([prompts[family[0]].ids[shared:length]], cache)
                self._meter.add(prompt_tokens=length - shared)
            rows = self._pieces([prompts[number] for number in family], length, cache)
            found.update(zip(family, rows, strict=True))
            if length > shared:
                cache.crop(shared - length)
        return [found[number] for number in range(len(prompts))]

    def _pieces(self, prompts: Sequence[Wanted], shared: int, cache: DynamicCache) -> list[Tensor]:
        """What comes after the first ``shared`` tokens, over their cache, which is as before in the end."""
        found: list[Tensor] = []
        for pack in packs([len(prompt.ids) - shared for prompt in prompts], self._most):
            pieces = [prompts[number].ids[shared:] for number in pack]
            states = self.run([[token for piece in pieces for token in piece]], cache, pieces_layout(shared, pieces))
            length = sum(map(len, pieces))
            self._meter.add(prompt_tokens=length)
            cache.crop(-length)
            offset = -shared
            for number, piece in zip(pack, pieces, strict=True):
                span = prompts[number].rows
                found.append(states[0, offset + span.start : offset + span.stop].clone())
                offset += len(piece)
        return found


def families(prompts: Sequence[Wanted], shared: int) -> list[tuple[int, list[int]]]:
    """Prompts grouped by the beginnings they share beyond the first ``shared`` tokens, which all of them have.

    Returns:
        For each group the length of its common beginning, and the indices of its prompts. A beginning is at least
        `WORTH_SHARING` tokens longer than ``shared``; prompts that share none make one group of length ``shared``.
    """
    found: list[tuple[int, list[int]]] = []
    # Equal beginnings stand together in the order of the ids.
    for number in sorted(range(len(prompts)), key=lambda number: tuple(prompts[number].ids)):
        length = prompts[number].rows.start
        if found:
            before, family = found[-1]
            common = min(before, length, common_length([prompts[family[0]].ids, prompts[number].ids]))
            if common >= shared + WORTH_SHARING:
                found[-1] = (common, [*family, number])
                continue
        found.append((length, [number]))
    alone = [family[0] for _, family in found if len(family) == 1]
    together = [(length, family) for length, family in found if len(family) > 1]
    return [*together, (shared, alone)] if alone else together


def common_length(sequences: Sequence[Sequence[int]]) -> int:
    """Number of equal items at the beginning of all sequences."""
    # The least and the greatest sequence differ at the earliest place where any two do.
    low, high = min(map(tuple, sequences)), max(map(tuple, sequences))
    for place, (one, other) in enumerate(zip(low, high, strict=False)):
        if one != other:
            return place
    return min(len(low), len(high))


def pieces_layout(shared: int, pieces: Sequence[Sequence[int]]) -> Layout:
    """Pieces laid end to end over a cache of ``shared`` tokens, each going on from there."""
    positions = list(range(shared))
    owner = [PREFIX] * shared
    for number, piece in enumerate(pieces):
        positions += range(shared, shared + len(piece))
        owner += [number] * len(piece)
    return Layout(torch.tensor([positions]), torch.tensor([owner]))


def padding_layout(lengths: Sequence[int], width: int, generated: int) -> Layout:
    """Rows padded at the end to ``width``, then ``generated`` more tokens each, which go on from the row's own end."""
    positions = [[*range(width), *range(length, length + generated)] for length in lengths]
    owner = [[*[PREFIX] * length, *[PADDING] * (width - length), *[PREFIX] * generated] for length in lengths]
    return Layout(torch.tensor(positions), torch.tensor(owner))
