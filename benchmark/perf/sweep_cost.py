"""What a sweep of suites over backbones costs in GPU hours, estimated: ``python -m benchmark.perf.sweep_cost``.

Nothing is run. Over ``n`` prompt tokens, of a model with ``p`` parameters, ``l`` layers and ``w`` attention width, a
forward pass takes ``(2 p n + 2 l w n^2) / (peak x utilisation)`` seconds: two operations a parameter and token, and a
causal kernel's half of ``4 n^2 w`` a layer. A generated token takes ``2 p / (bandwidth x share)`` seconds, since 16-bit
weights are read once for it. Seconds a query that were measured can be given in their place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click

from benchmark import suites
from benchmark.backbones import catalogue as backbones
from benchmark.cli.options import key_values
from benchmark.collections import catalogue as collections
from benchmark.errors import UserError
from benchmark.names import did_you_mean

BACKBONES = {
    "llama-3.1-8b-instruct": (32, 4096),
    "qwen3-8b": (36, 4096),
    "granite-3.2-8b-instruct": (40, 4096),
    "mistral-7b-instruct-v0.2": (32, 4096),
    "qwen2.5-7b-instruct": (28, 3584),
}
"""Layers, and width of all attention heads, as in each model's config; parameters are the catalogue's."""

WORDS = {
    "beir-trec-covid": 161,
    "beir-nfcorpus": 232,
    "beir-nq": 79,
    "beir-hotpotqa": 46,
    "beir-fiqa": 132,
    "beir-arguana": 167,
    "beir-webis-touche2020": 292,
    "beir-cqadupstack": 129,
    "beir-quora": 11,
    "beir-dbpedia-entity": 50,
    "beir-scidocs": 176,
    "beir-fever": 85,
    "beir-climate-fever": 85,
    "beir-scifact": 214,
    "beir-msmarco": 56,
    "beir-bioasq": 203,
    "beir-signal1m": 14,
    "beir-trec-news": 635,
    "beir-robust04": 466,
    "trec-dl": 56,
    "bright": 150,
}
"""Mean words of a document by the start of a collection's name: of BEIR Table 1 of Thakur et al. (2021); trec-dl as
MS MARCO. That of BRIGHT is assumed."""

TOKENS_A_WORD = 1.35
"""English under vocabularies of 32,000 to 152,000; assumed."""

MARKUP = 10
"""Tokens around each passage, assumed."""

WINDOW, STEP = 20, 10


@dataclass(frozen=True)
class Work:
    """What a method asks of its backbone for a query.

    Attributes:
        share: of the bare forward pass over a prompt of all passages; None: windows of `WINDOW` by `STEP` instead.
        generated: tokens a window.
    """

    share: float | None
    generated: int = 0


METHODS = {
    "first-stage": Work(0.0),
    "icr": Work(1.046),
    "selective-icr": Work(0.663),
    "qrhead": Work(0.676),
    "core": Work(1.0),
    "first": Work(None),
    "rankgpt": Work(None, generated=100),
}
"""Shares as docs/performance.md has them from a smaller model; core's is an upper bound."""


@dataclass(frozen=True)
class Machine:
    """Operations and bytes a second of a GPU, and how much of either is reached."""

    peak: float
    utilisation: float
    bandwidth: float
    share: float


@dataclass(frozen=True)
class CellCost:
    """One method on one backbone and collection."""

    suite: str
    method: str
    backbone: str
    collection: str
    queries: int
    seconds: float
    """Of a query."""


def seconds_a_query(
    work: Work, tokens: int, depth: int, parameters: int, shape: tuple[int, int], gpu: Machine
) -> float:
    """See the module.

    Args:
        tokens: of a passage.
    """
    layers, width = shape

    def forward(prompt: int) -> float:
        return (2 * parameters * prompt + 2 * layers * width * prompt**2) / (gpu.peak * gpu.utilisation)

    if work.share is not None:
        return work.share * forward(depth * tokens)
    windows = 1 + max(0, math.ceil((depth - WINDOW) / STEP))
    token = 2 * parameters / (gpu.bandwidth * gpu.share)
    return windows * (forward(min(depth, WINDOW) * tokens) + work.generated * token)


def costs(
    names: Sequence[str],
    models: Sequence[str],
    gpu: Machine,
    most_words: int,
    measured: Mapping[str, float] | None = None,
) -> list[CellCost]:
    """Every cell of the suites on the backbones; a method without one is counted once.

    Args:
        most_words: passages are cut to so many.
        measured: seconds a query by method, in place of the formula's.

    Raises:
        UserError: a method, backbone or collection whose work is not known here.
    """
    found = []
    for name in names:
        suite = suites.find(name)
        for entry in suite.collections:
            spec = collections.entries()[entry.collection]
            split = spec.splits[entry.split]
            words = _known(WORDS, entry.collection, "--suite")
            tokens = round(min(words, most_words) * TOKENS_A_WORD) + MARKUP
            for method in suite.methods:
                if method.method not in METHODS:
                    raise UserError(f"Method '{method.method}': its work is not known. Add it to METHODS.")
                work = METHODS[method.method]
                for model in models if work.share != 0 else ("-",):
                    seconds = 0.0
                    if measured and method.method in measured:
                        seconds = measured[method.method]
                    elif model != "-":
                        if model not in BACKBONES:
                            raise UserError(f"Backbone '{model}': {did_you_mean(model, list(BACKBONES))}")
                        parameters = backbones.find(model).spec.parameters or 0
                        depth = max(suite.depth)
                        seconds = seconds_a_query(work, tokens, depth, parameters, BACKBONES[model], gpu)
                    for _ in entry.first_stages:
                        found.append(CellCost(name, method.method, model, entry.collection, split.queries, seconds))
    return found


def _known(table: Mapping[str, int], name: str, option: str) -> int:
    """The entry of the longest key that the name starts with."""
    keys = [key for key in table if name.startswith(key)]
    if not keys:
        raise UserError(f"{option}: how long documents of '{name}' are is not known. Add it to WORDS.")
    return table[max(keys, key=len)]


@click.command()
@click.option("--suite", "names", multiple=True, default=("beir", "trec-dl", "bright"), show_default=True)
@click.option("--backbone", "models", multiple=True, default=tuple(BACKBONES), show_default="five of 7 to 8 billion")
@click.option("--peak", default=989.0, show_default=True, help="TFLOP/s of the GPU, bfloat16 without sparsity.")
@click.option("--utilisation", default=0.4, show_default=True, help="Share of it in a long forward pass; assumed.")
@click.option("--bandwidth", default=3.35, show_default=True, help="TB/s of its memory.")
@click.option("--bandwidth-share", default=0.6, show_default=True, help="Share of it while generating; assumed.")
@click.option("--words", default=300, show_default=True, help="To which passages are cut.")
@click.option("--seconds", multiple=True, metavar="METHOD=SECONDS", help="Measured seconds a query (repeatable).")
@click.option("--gpus", multiple=True, type=int, default=(1, 8, 64), show_default=True)
def main(
    names: tuple[str, ...],
    models: tuple[str, ...],
    peak: float,
    utilisation: float,
    bandwidth: float,
    bandwidth_share: float,
    words: int,
    seconds: tuple[str, ...],
    gpus: tuple[int, ...],
) -> None:
    """Print GPU hours by suite and method, and days on some numbers of GPUs."""
    gpu = Machine(peak * 1e12, utilisation, bandwidth * 1e12, bandwidth_share)
    measured = {key: float(value) for key, value in key_values(seconds, "--seconds").items()}
    cells = costs(names, models, gpu, words, measured)
    methods = [name for name in dict.fromkeys(cell.method for cell in cells) if name != "first-stage"]
    click.echo(f"{len(cells)} cells, {sum(cell.queries for cell in cells)} queries to re-rank.\n")
    click.echo(f"| GPU hours | queries | {' | '.join(methods)} | all |\n|---|--:|{'--:|' * (len(methods) + 1)}")
    for name in [*names, None]:
        mine = [cell for cell in cells if name in (None, cell.suite)]
        queries = sum(cell.queries for cell in mine if cell.method == "first-stage")
        hours = [_hours([cell for cell in mine if cell.method == method]) for method in methods]
        numbers = " | ".join(f"{value:,.0f}" for value in [*hours, sum(hours)])
        click.echo(f"| {name or 'together'} | {queries:,} | {numbers} |")
    longest = max(cells, key=lambda cell: cell.queries * cell.seconds)
    alone = _hours([longest])
    click.echo(
        f"\nThe longest cell: {longest.method} on {longest.backbone}, {longest.collection}, {alone:,.0f} hours.\n"
    )
    click.echo("| GPUs | days, shared evenly | days, no cell in shards |\n|--:|--:|--:|")
    for number in gpus:
        even = _hours(cells) / number
        click.echo(f"| {number} | {even / 24:,.1f} | {max(even, alone) / 24:,.1f} at least |")


def _hours(cells: Sequence[CellCost]) -> float:
    return sum(cell.queries * cell.seconds for cell in cells) / 3600


if __name__ == "__main__":
    main()
