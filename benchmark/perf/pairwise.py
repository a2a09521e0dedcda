"""What it saves to ask independent comparisons together: ``python -m benchmark.perf.pairwise``."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import click
import torch

from benchmark.backbones import catalogue, loader, sources
from benchmark.backbones.backbone import Backbone
from benchmark.harness import provenance
from benchmark.perf.attention import facts, measure, table
from benchmark.perf.variants import Variant
from benchmark.perf.workload import QUERY, candidates
from methods.base import Candidate
from methods.pairwise.method import Pairwise, PairwiseOptions
from methods.setwise.method import Setwise, SetwiseOptions


def ways(backbone: Backbone, make: Callable[[int], Pairwise | Setwise], passages: Sequence[Candidate]) -> list[Variant]:
    """One prompt at a time, and all that do not wait for each other; the label tells what each run costs."""

    def way(name: str, batch: int) -> Variant:
        method = make(batch)
        method.ready()
        before = backbone.meter.total
        method.rerank(QUERY, passages)
        cost = backbone.meter.total - before
        label = f"{name}, {cost.forward_passes} passes, {cost.prompt_tokens} prompt tokens"
        return Variant(label, lambda: method.rerank(QUERY, passages))

    return [way("a  one by one", 1), way("b  together", 0)]


@click.command()
@click.option("--backbone", "name", default="smollm2-135m-instruct", show_default=True)
@click.option("--documents", type=click.IntRange(min=2), default=10, show_default=True)
@click.option("--words", type=click.IntRange(min=1), default=100, show_default=True, help="Words of each document.")
@click.option("--mechanism", type=click.Choice(["generation", "likelihood", "attention"]), default="likelihood")
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), default=provenance.usable_cores)
@click.option("--dtype", type=click.Choice(["float32", "bfloat16", "float16"]), default="float32", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(
    name: str, documents: int, words: int, mechanism: Any, repeats: int, threads: int, dtype: Any, as_json: bool
) -> None:
    """Time pairwise and setwise comparisons one by one and together, on a real backbone."""
    torch.set_num_threads(threads)
    selected = catalogue.find(name)
    folder = sources.prepare(selected, report=lambda line: click.echo(line, err=True))
    backbone = loader.load(selected, folder, needs=["logits", "generation"], dtype=dtype)
    passages = candidates(documents, words)
    size = f"{mechanism}, {documents} documents of {words} words"
    groups: dict[str, Callable[[int], Pairwise | Setwise]] = {
        f"All pairs, {size}": lambda batch: Pairwise(
            PairwiseOptions(framework="allpairs", mechanism=mechanism, batch=batch), backbone
        ),
        f"Pairwise heapsort, {size}": lambda batch: Pairwise(
            PairwiseOptions(mechanism=mechanism, batch=batch), backbone
        ),
        f"Setwise heapsort, {size}": lambda batch: Setwise(SetwiseOptions(mechanism=mechanism, batch=batch), backbone),
    }
    machine = facts(threads)
    rows = {
        title: measure(ways(backbone, make, passages), repeats, lambda line: click.echo(line, err=True))
        for title, make in groups.items()
    }
    if as_json:
        report = {title: [asdict(row) for row in found] for title, found in rows.items()}
        click.echo(json.dumps({"backbone": selected.name, "machine": machine} | report, indent=1))
        return
    click.echo(f"{selected.name}, {dtype}. {machine}\n")
    click.echo("\n\n".join(table(title, found) for title, found in rows.items()))


if __name__ == "__main__":
    main()
