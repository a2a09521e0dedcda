"""Ways to score one prompt, from the bare forward pass to the pattern of the official codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModel, AutoModelForCausalLM, DynamicCache
from transformers.modeling_utils import AttentionInterface

from benchmark.backbones.allocator import usual_allocator
from benchmark.backbones.attention.prompt import Branch, Prompt
from benchmark.backbones.attention.reader import AttentionReader
from benchmark.backbones.backbone import Backbone
from methods.base import Candidate
from methods.icr.method import Icr
from methods.in_context.icr import IcrOptions
from methods.in_context.reading import Reading, icr_reading
from methods.selective_icr.method import SelectiveIcr, SelectiveIcrOptions

OFFICIAL = "rerankbench-perf-official"


@dataclass(frozen=True)
class Variant:
    """One way, ready to run.

    Attributes:
        label: as in the table; run: does it once; needs_bytes: memory without which it is not tried.
    """

    label: str
    run: Callable[[], object]
    needs_bytes: int = 0


def variants(backbone: Backbone, folder: Path, candidates: Sequence[Candidate], query: str) -> list[Variant]:
    """All ways for one prompt; models are loaded from ``folder`` where a way needs its own."""
    texts = [candidate.text for candidate in candidates]
    reading = icr_reading(backbone.tokenizer, backbone.chat, texts, query, "qa", "exact")
    sdpa = AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa").eval()
    eager = AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    layers, heads = sdpa.config.num_hidden_layers, sdpa.config.num_attention_heads
    tokens = [*reading.prefix, *reading.query.ids]
    band = f"{layers // 3}-{2 * layers // 3 - 1}"
    icr = Icr(IcrOptions(), backbone)
    selective = SelectiveIcr(SelectiveIcrOptions(layers=band), backbone)
    official = official_pattern(backbone, folder, texts, reading)

    def as_it_is() -> None:
        with usual_allocator():
            official()

    return [
        Variant("a  bare forward", lambda: forward(sdpa, tokens)),
        Variant("a' bare forward with cache", lambda: forward(sdpa, tokens, cache=True)),
        Variant("b  ICR", lambda: icr.rerank(query, candidates)),
        Variant(f"c  Selective-ICR, layers {band}", lambda: selective.rerank(query, candidates)),
        Variant(
            "d  eager, output_attentions",
            lambda: eager_icr(eager, reading),
            # All weights of one pass are kept, and one layer's once more while they are made.
            needs_bytes=(layers + 2) * heads * len(tokens) ** 2 * 4,
        ),
        Variant("e  official pattern", as_it_is),
        Variant("e' official pattern, freed memory kept as in b", official),
    ]


@torch.inference_mode()
def forward(model: Any, tokens: Sequence[int], cache: bool = False) -> None:
    """The base model over the tokens: no logits, nothing read."""
    ids = torch.tensor([list(tokens)], device=model.device)
    model(input_ids=ids, use_cache=cache, past_key_values=DynamicCache() if cache else None)


def read_all(reader: AttentionReader, prefix: Sequence[int], tails: Sequence[Sequence[int]]) -> Tensor:
    """Our reading of all heads, summed, for given tokens."""
    from benchmark.backbones.prompt import Span
    from methods.in_context.scoring import HeadSum

    total = HeadSum()
    branches = [Branch(tail, Span(0, len(tail))) for tail in tails]
    reader.read(Prompt(prefix, branches), reader.all_heads(), total)
    return total.total


@torch.inference_mode()
def eager_icr(model: Any, reading: Reading) -> list[Tensor]:
    """The straightforward way: both prompts whole, every attention weight kept."""
    sums = []
    for branch in (reading.query, reading.content_free):
        ids = torch.tensor([[*reading.prefix, *branch.ids]])
        output = model(input_ids=ids, output_attentions=True, use_cache=False)
        rows = slice(len(reading.prefix), None)
        sums.append(torch.stack([layer[0, :, rows].mean(1).sum(0) for layer in output.attentions]).sum(0))
    return sums


def official_pattern(backbone: Backbone, folder: Path, texts: Sequence[str], reading: Reading) -> Callable[[], object]:
    """What the official code does, as a plain baseline; its process does not ask malloc to keep freed memory.

    The whole prompt so far is tokenised after every document; the content-free prompt runs first with logits for every
    token; the query's tail runs over the cropped cache; then for every layer the keys are expanded and the rows of all
    heads are computed again and kept.
    """
    captured: list[Tensor] = []

    def keep_queries(module: Any, query: Tensor, key: Tensor, value: Tensor, mask: Any, **call: Any) -> Any:
        captured.append(query)
        return AttentionInterface()["sdpa"](module, query, key, value, mask, **call)

    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    AttentionInterface.register(OFFICIAL, keep_queries)
    AttentionMaskInterface.register(OFFICIAL, sdpa_mask)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation=OFFICIAL).eval()
    separator = backbone.chat.separator

    def rows(cache: DynamicCache, count: int) -> Tensor:
        weights = []
        for layer, query in zip(cache.layers, captured, strict=True):
            assert layer.keys is not None
            keys = layer.keys.repeat_interleave(query.shape[1] // layer.keys.shape[1], 1)
            scores = query[:, :, -count:] @ keys.transpose(2, 3) * query.shape[-1] ** -0.5
            visible = torch.ones(count, keys.shape[2], dtype=torch.bool).tril(keys.shape[2] - count)
            weights.append(torch.softmax(scores.masked_fill(~visible, -torch.inf), -1).mean(2)[0])
        captured.clear()
        return torch.stack(weights).sum((0, 1))

    @torch.inference_mode()
    def run() -> list[Tensor]:
        for _ in range(2):
            text = f"{backbone.chat.prefix} Here are some paragraphs:"
            for number, passage in enumerate(texts, 1):
                text += f"{separator}[{number}] {passage}"
                backbone.tokenizer.encode(text)
                backbone.tokenizer.encode(f"{separator}[{number}] {passage}")
        cache = DynamicCache()
        model(input_ids=torch.tensor([[*reading.prefix, *reading.content_free.ids]]), past_key_values=cache)
        calibration = rows(cache, len(reading.content_free.ids))
        cache.crop(-len(reading.content_free.ids))
        model(input_ids=torch.tensor([list(reading.query.ids)]), past_key_values=cache)
        return [rows(cache, len(reading.query.ids)), calibration]

    return run
