"""Reading attention at the size of the papers' models: ``python -m benchmark.perf.shapes``.

Random weights in the shape of a real model, random tokens: time and memory do not depend on what the weights say. Needs
a CUDA device for the real shapes; without one it says so. ``--shape tiny`` runs anywhere.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
import torch
from transformers import AutoModel
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from benchmark.backbones.attention.interface import register
from benchmark.backbones.attention.reader import AttentionReader
from benchmark.backbones.meter import Meter
from benchmark.perf.attention import facts, once
from benchmark.perf.variants import forward, read_all

SHAPES: dict[str, dict[str, Any]] = {
    "llama-3.1-8b": {
        "model_type": "llama",
        "vocab_size": 128256,
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "max_position_embeddings": 131072,
    },
    "qwen3-8b": {
        "model_type": "qwen3",
        "vocab_size": 151936,
        "hidden_size": 4096,
        "intermediate_size": 12288,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "max_position_embeddings": 40960,
    },
    "tiny": {
        "model_type": "llama",
        "vocab_size": 1000,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 131072,
    },
}
"""Configurations as published with the models."""

TOKENS_A_WORD = 1.3
"""Of English text with these models' tokenizers, roughly."""


@click.command()
@click.option("--shape", "shapes", type=click.Choice(list(SHAPES)), multiple=True, default=["llama-3.1-8b", "qwen3-8b"])
@click.option("--documents", default=100, show_default=True)
@click.option("--words", default=300, show_default=True, help="Of each document.")
@click.option("--repeats", type=click.IntRange(min=1), default=5, show_default=True)
def main(shapes: tuple[str, ...], documents: int, words: int, repeats: int) -> None:
    """Time ICR's reading against the bare forward pass on random weights."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and set(shapes) != {"tiny"}:
        click.echo("No CUDA device: the rows for real model shapes are not measured here.")
        return
    peak = matrix_peak() if device == "cuda" else None
    name = torch.cuda.get_device_name() if device == "cuda" else "processor"
    click.echo(f"{name}. {facts(torch.get_num_threads())}")
    if peak:
        click.echo(f"8192 x 8192 x 8192 bf16 matrix product: {peak / 1e12:.0f} TFLOP/s")
    click.echo("| shape | way | ms | ratio to a | peak GiB above weights | tokens/s | share of matrix peak |")
    click.echo("|---|---|--:|--:|--:|--:|--:|")
    for shape in shapes:
        for line in compare(shape, int(documents * words * TOKENS_A_WORD), repeats, device, peak):
            click.echo(line)


def compare(shape: str, prefix: int, repeats: int, device: str, peak: float | None) -> list[str]:
    """Table rows of one shape; the ways run in turn after one turn that is not counted."""
    values = dict(SHAPES[shape])
    config = CONFIG_MAPPING[values.pop("model_type")](**values)
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    with torch.device(device):
        model = AutoModel.from_config(config, dtype=dtype, attn_implementation=register()).eval()
    reader = AttentionReader(model, Meter(), config.max_position_embeddings)
    generator = torch.Generator().manual_seed(0)

    def random_tokens(count: int) -> list[int]:
        return torch.randint(3, config.vocab_size, (count,), generator=generator).tolist()

    tokens, query, free = random_tokens(prefix), random_tokens(60), random_tokens(40)
    ways: dict[str, tuple[Callable[[], object], int]] = {
        "a bare forward": (lambda: forward(model, [*tokens, *query]), prefix + 60),
        "a' with cache": (lambda: forward(model, [*tokens, *query], cache=True), prefix + 60),
        "b ICR": (lambda: read_all(reader, tokens, [query, free]), prefix + 100),
    }
    results: dict[str, list[tuple[float, int]]] = {way: [] for way in ways}
    for turn in range(repeats + 1):
        for way, (run, _) in ways.items():
            measured = once(run)
            if turn:
                results[way].append(measured)
    return [
        _row(shape, way, results, count, flops(config, count) if peak else None, peak)
        for way, (_, count) in ways.items()
    ]


def flops(config: Any, tokens: int) -> float:
    """Operations of one causal forward pass without logits: two a weight and token, and the attention's own."""
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    attention = config.hidden_size * head * (2 * config.num_attention_heads + 2 * config.num_key_value_heads)
    weights = attention + 3 * config.hidden_size * config.intermediate_size
    scores = 2 * config.num_attention_heads * head * tokens
    return float(config.num_hidden_layers * (2 * weights + scores) * tokens)


def matrix_peak(size: int = 8192, repeats: int = 10) -> float:
    """Measured operations a second of a large bf16 matrix product on random data."""
    left, right = (torch.randn(size, size, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    times = [once(lambda: left @ right)[0] for _ in range(repeats + 3)][3:]
    return 2 * size**3 / statistics.median(times)


def _row(
    shape: str,
    way: str,
    results: Mapping[str, Sequence[tuple[float, int]]],
    tokens: int,
    operations: float | None,
    peak: float | None,
) -> str:
    floor = [took for took, _ in results["a bare forward"]]
    took = statistics.median(seconds for seconds, _ in results[way])
    ratio = statistics.median(seconds / bare for (seconds, _), bare in zip(results[way], floor, strict=True))
    memory = statistics.median(size for _, size in results[way]) / 2**30
    share = f"{operations / took / peak:.0%}" if operations and peak else "-"
    return f"| {shape} | {way} | {took * 1e3:.1f} | {ratio:.3f} | {memory:.2f} | {tokens / took:.0f} | {share} |"


if __name__ == "__main__":
    main()
