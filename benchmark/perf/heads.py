"""What a few heads and a router cost beside the bare forward pass: ``python -m benchmark.perf.heads``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import torch
from transformers import AutoModel

from benchmark.backbones import catalogue, loader, sources
from benchmark.backbones.backbone import Backbone
from benchmark.harness import provenance
from benchmark.perf.attention import facts, measure, table
from benchmark.perf.variants import Variant, forward
from benchmark.perf.workload import QUERY, candidates
from methods.base import Candidate
from methods.heads.notation import format_heads
from methods.qrhead.method import QrHead, QrHeadOptions
from methods.routehead.method import RouteHead, RouteHeadOptions


def middle_third(layers: int, heads: int, number: int) -> str:
    """``number`` heads spread over the middle third of the layers, the first and the last of these included."""
    first, last = layers // 3, 2 * layers // 3 - 1
    steps = [first + round(step * (last - first) / (number - 1)) for step in range(number)]
    return format_heads((layer, step % heads) for step, layer in enumerate(steps))


def ways(backbone: Backbone, folder: Path, passages: Sequence[Candidate], number: int, router: str) -> list[Variant]:
    """A few heads, RouteHead, and its router alone, beside the forward pass over the same tokens."""
    sdpa = AutoModel.from_pretrained(
        folder, dtype=getattr(torch, backbone.dtype), attn_implementation="sdpa", device_map=backbone.device
    ).eval()
    chosen = middle_third(backbone.attention.layers, backbone.attention.heads, number)
    few = QrHead(QrHeadOptions(heads=chosen), backbone)
    routed = RouteHead(RouteHeadOptions(router=router), backbone)
    for method in (few, routed):
        method.ready()
    reading = few.layout().read(backbone, QUERY, passages)
    tokens = [*reading.prefix, *reading.query.ids]
    deepest = max(layer for layer, _ in routed.route(QUERY))
    return [
        Variant("a  bare forward", lambda: forward(sdpa, tokens)),
        Variant(f"b  QRHead, heads {chosen}", lambda: few.rerank(QUERY, passages)),
        Variant(f"c  RouteHead, deepest chosen layer {deepest}", lambda: routed.rerank(QUERY, passages)),
        Variant("d  its router alone, a part of c", lambda: routed.route(QUERY)),
    ]


@click.command()
@click.option("--backbone", "name", default="smollm2-135m-instruct", show_default=True)
@click.option("--documents", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--words", type=click.IntRange(min=1), default=100, show_default=True, help="Words of each document.")
@click.option("--heads", "number", type=click.IntRange(min=2), default=8, show_default=True, help="Heads QRHead reads.")
@click.option("--router", default="auto", show_default=True, help="Artefact of rerankbench fit routehead.")
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), default=provenance.usable_cores)
def main(name: str, documents: int, words: int, number: int, router: str, repeats: int, threads: int) -> None:
    """Time head methods on a real backbone."""
    torch.set_num_threads(threads)
    selected = catalogue.find(name)
    folder = sources.prepare(selected, report=lambda line: click.echo(line, err=True))
    assert folder is not None, "load refuses what has no weights here"
    revision = sources.whereabouts(selected, folder)[1]
    backbone = loader.load(selected, folder, dtype="float32", revision=revision)
    machine = facts(threads)
    rows = measure(
        ways(backbone, folder, candidates(documents, words), number, router),
        repeats,
        lambda line: click.echo(line, err=True),
    )
    click.echo(f"{selected.name}, float32. {machine}\n")
    click.echo(table(f"{documents} documents of {words} words", rows))


if __name__ == "__main__":
    main()
