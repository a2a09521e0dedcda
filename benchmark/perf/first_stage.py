"""What building a BM25 run costs: ``python -m benchmark.perf.first_stage``.

Passages are made of words drawn by Zipf's law, so that vocabulary and posting lists grow as those of real text do.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import click
import psutil

from benchmark.collections.base import Document, Topic
from benchmark.collections.first_stage import bm25_run
from benchmark.harness import provenance
from benchmark.harness.memory import PeakMemory

WORDS = 500_000
"""Different words there are."""


def passages(number: int, words: int, seed: int = 0) -> Iterator[Document]:
    """``number`` passages of ``words`` words, one at a time."""
    stream = random.Random(seed)
    for at in range(number):
        # The inverse of 1/x: rank r is drawn with a probability proportional to about 1/r.
        ranks = (int(WORDS ** stream.random()) for _ in range(words))
        yield Document(f"p{at:09d}", "", " ".join(f"w{rank}" for rank in ranks))


@click.command()
@click.option("--documents", type=click.IntRange(min=1), default=1_000_000, show_default=True)
@click.option("--words", type=click.IntRange(min=1), default=56, show_default=True, help="Of each; MS MARCO's mean.")
@click.option("--topics", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--depth", type=click.IntRange(min=1), default=100, show_default=True)
def main(documents: int, words: int, topics: int, depth: int) -> None:
    """Build a run over made-up passages and say how long it took and how much memory it needed."""
    asked = [Topic(document.docid, document.text) for document in passages(topics, 6, seed=1)]
    memory = PeakMemory("cpu")
    start = time.perf_counter()
    with memory.measured():
        run = bm25_run(passages(documents, words), asked, depth)
    took = time.perf_counter() - start
    assert all(len(hits) == min(depth, documents) for hits in run.values())
    peak = memory.above_baseline / 2**30
    click.echo(
        f"{documents:,} passages of {words} words, {topics} topics: {took:.0f} s, peak {peak:.2f} GiB above before."
    )
    click.echo(f"{provenance.processor()}; load now: {psutil.getloadavg()[0]:.2f}.")


if __name__ == "__main__":
    main()
