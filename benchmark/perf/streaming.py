"""What reading a run with texts from a large store costs: ``python -m benchmark.perf.streaming``.

A home of ir-datasets is laid out with made-up passages as MS MARCO's; the library builds its store from them, and the
worker re-ranks a run over them with the method that changes nothing, so that reading is all there is.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import psutil

from benchmark.collections import catalogue
from benchmark.collections.base import Hit
from benchmark.collections.runs import Runs
from benchmark.evaluation.runfile import format_run
from benchmark.harness import provenance, worker
from benchmark.harness.job import Job
from benchmark.harness.plan import plan
from benchmark.perf.first_stage import passages
from benchmark.suites import Suite

DATASET = "ir-datasets/msmarco-passage/dev/small"
VERSION = "v2"
"""Of the library's corrected texts; without its note it fetches them anew."""


def lay_out(home: Path, documents: int, words: int, topics: int, depth: int) -> None:
    """Passages, topics and judgements as the library unpacks MS MARCO's, and a run over them where runs are built.

    Args:
        home: of ir-datasets, which must not be imported yet; documents, words: of the corpus.
        topics, depth: of the run.
    """
    folder = home / "msmarco-passage"
    (folder / "dev" / "small").mkdir(parents=True, exist_ok=True)
    (folder / "irds_version.txt").write_text(VERSION)
    with (folder / "collection.tsv").open("w", encoding="utf-8") as stream:
        for at, passage in enumerate(passages(documents, words)):
            stream.write(f"{at}\t{passage.text}\n")
    draw = random.Random(0)
    lists = {f"{1000 + at}": [str(docid) for docid in draw.sample(range(documents), depth)] for at in range(topics)}
    (folder / "dev" / "small" / "queries.tsv").write_text("".join(f"{qid}\twhat is w{qid}\n" for qid in lists))
    (folder / "dev" / "small" / "qrels").write_text("".join(f"{qid} 0 {found[0]} 1\n" for qid, found in lists.items()))
    run = {qid: [Hit(docid, float(-rank)) for rank, docid in enumerate(found)] for qid, found in lists.items()}
    workshop = Runs(DATASET, "test").workshop
    workshop.mkdir(parents=True, exist_ok=True)
    (workshop / "bm25s.trec").write_text(format_run(run, "made-up"), encoding="utf-8")


def read(results: Path, depth: int, emit: Callable[[dict[str, Any]], None]) -> None:
    """Run the cell that only reads; ``emit`` is told of every query.

    Args:
        results: folder of results; depth: documents of each topic.
    """
    suite = Suite.model_validate(
        {
            "name": "streaming",
            "title": "Streaming",
            "description": "Reads a run with its texts.",
            "methods": [{"method": "first-stage"}],
            "collections": [{"collection": DATASET}],
            "depth": depth,
        }
    )
    (planned,) = plan(suite, lambda _: None)
    worker.run(Job.of(planned, results, threads=1), emit, worker.Stop())


@click.command()
@click.option("--documents", type=click.IntRange(min=1), default=200_000, show_default=True)
@click.option("--words", type=click.IntRange(min=1), default=56, show_default=True, help="Of each; MS MARCO's mean.")
@click.option("--topics", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option("--depth", type=click.IntRange(min=1), default=100, show_default=True)
def main(documents: int, words: int, topics: int, depth: int) -> None:
    """Read a run query by query and say how much memory the process has after each tenth of it."""
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["IR_DATASETS_HOME"] = f"{scratch}/home"
        os.environ["RERANKBENCH_CACHE"] = f"{scratch}/cache"
        lay_out(Path(scratch, "home"), documents, words, topics, depth)
        first = next(catalogue.find(DATASET).topics())
        click.echo(f"{documents:,} passages of {words} words; {topics:,} topics (the first is {first.qid}).")
        process, done, start = psutil.Process(), 0, time.perf_counter()

        def emit(event: dict[str, Any]) -> None:
            nonlocal done
            done += event["event"] == "query"
            if event["event"] == "query" and done % max(1, topics // 10) == 0:
                size = process.memory_info().rss / 2**20
                click.echo(f"{done:,} queries, {time.perf_counter() - start:.0f} s: {size:.1f} MiB")

        read(Path(scratch, "results"), depth, emit)
    click.echo(f"{provenance.processor()}; load now: {psutil.getloadavg()[0]:.2f}.")


if __name__ == "__main__":
    main()
