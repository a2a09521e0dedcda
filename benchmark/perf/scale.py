"""What a hundred thousand planned cells cost to expand, list and resume: ``python -m benchmark.perf.scale``.

The cells are those of real methods on real backbones, none of which is run: every cell is put on disk as complete, with
lines for six topics, before anything is measured.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click

from benchmark.cli.run import list_cells
from benchmark.harness import provenance
from benchmark.harness.live import standings
from benchmark.harness.plan import Planned, plan
from benchmark.harness.record import CellSummary, Cost, Latency, Metrics, QueryRecord
from benchmark.harness.runner import Execution, run_cells
from benchmark.harness.store import LINES, REQUEST, RUN, SUMMARY
from benchmark.suites import Suite

METHODS = ("icr", "first", "rankgpt", "setwise", "pairwise")
BACKBONES = (
    "llama-3.1-8b-instruct",
    "qwen3-8b",
    "granite-3.2-8b-instruct",
    "mistral-7b-instruct-v0.2",
    "qwen2.5-7b-instruct",
)
TOPICS = 6
DEPTHS = 100


def suite_of(folder: Path, cells: int) -> Suite:
    """As many small collections, below ``folder``, as it takes for about so many cells."""
    number = max(1, round(cells / (len(METHODS) * len(BACKBONES) * DEPTHS)))
    names = [str(_collection(folder / f"town{at}", at)) for at in range(number)]
    values = {
        "name": "scale",
        "title": "Scale",
        "description": "Very many cells.",
        "depth": list(range(1, DEPTHS + 1)),
        "methods": [{"method": name} for name in METHODS],
        "backbones": list(BACKBONES),
        "collections": [{"collection": name} for name in names],
    }
    return Suite.model_validate(values)


def expand(suite: Suite) -> list[Planned]:
    """The cells; no weights are fetched."""
    return plan(suite, lambda _: Path("not-there"))


def complete(cells: Sequence[Planned], results: Path) -> None:
    """Put every cell on disk as a finished run would have left it."""
    record = QueryRecord(
        qid="q",
        docids=("d0",),
        scores=(1.0,),
        seconds=1.0,
        prompt_tokens=1000,
        completion_tokens=0,
        forward_passes=1,
        peak_memory_bytes=None,
        warm_up=False,
    )
    qids = [f"q{number}" for number in range(TOPICS)]
    lines = "".join(record.model_copy(update={"qid": qid}).model_dump_json() + "\n" for qid in qids)
    metrics = Metrics(
        mean={"nDCG@10": 0.5}, per_query={"nDCG@10": dict.fromkeys(qids, 0.5)}, interval={"nDCG@10": (0.4, 0.6)}
    )
    for planned in cells:
        folder = results / planned.slug
        folder.mkdir(parents=True)
        summary = CellSummary(
            identity=planned.request.identity,
            finished="2026-01-01T00:00:00+00:00",
            queries=TOPICS,
            failed=0,
            metrics=metrics,
            latency=Latency(median=1.0, p90=1.0, queries=3),
            memory=None,
            cost=Cost(forward_passes=1, prompt_tokens=1000, completion_tokens=0),
            load_seconds=1.0,
        )
        (folder / REQUEST).write_text(planned.request.model_dump_json())
        (folder / LINES).write_text(lines)
        (folder / RUN).write_text("".join(f"{qid} Q0 d0 1 1 r\n" for qid in qids))
        (folder / SUMMARY).write_text(summary.model_dump_json())


class Silent:
    """A `Progress` that counts."""

    found = 0

    def cell_found(self, planned: Planned) -> None:
        """Count it."""
        del planned
        self.found += 1

    def cell_started(self, planned: Planned, done: int) -> None:
        """None is."""
        raise AssertionError(f"{planned.slug} was started, with {done} queries done")

    def query_done(self, planned: Planned, seconds: float, failure: str | None) -> None:
        """None is."""

    def worker_lost(self, planned: Planned, why: str) -> None:
        """None is."""

    def cell_ended(self, planned: Planned, problem: str | None) -> None:
        """None is."""
        raise AssertionError(f"{planned.slug}: {problem}")


def _collection(folder: Path, number: int) -> Path:
    folder.mkdir(parents=True)
    documents = [{"_id": f"d{at}", "text": f"document {at} of {number}"} for at in range(DEPTHS)]
    topics = [{"_id": f"q{at}", "text": f"topic {at}"} for at in range(TOPICS)]
    for name, rows in (("corpus", documents), ("queries", topics)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = [f"{topic['_id']} Q0 d{at} {at + 1} {DEPTHS - at}.5 bm25\n" for topic in topics for at in range(DEPTHS)]
    (folder / "run.bm25.trec").write_text("".join(run))
    (folder / "qrels.tsv").write_text("".join(f"{topic['_id']} 0 d1 1\n" for topic in topics))
    return folder


@click.command()
@click.option("--cells", default=100_000, show_default=True, help="About so many.")
@click.option("--folder", type=click.Path(path_type=Path), default=None, help="To work in; a temporary one.")
@click.option("--prepare", is_flag=True, hidden=True)
def main(cells: int, folder: Path | None, prepare: bool) -> None:
    """Print seconds and peak memory of expanding, listing and resuming."""
    if folder is None:
        with tempfile.TemporaryDirectory() as name:
            # In a process of its own, so that its memory is not counted.
            command = [sys.executable, "-m", "benchmark.perf.scale", "--cells", str(cells), "--folder", name]
            subprocess.run([*command, "--prepare"], check=True)
            subprocess.run(command, check=True)
        return
    results = folder / "results"
    if prepare:
        suite = suite_of(folder, cells)
        (folder / "suite.json").write_text(suite.model_dump_json())
        complete(expand(suite), results)
        return
    suite = Suite.model_validate_json((folder / "suite.json").read_text())
    rows: list[tuple[str, float, float, float]] = []

    def now() -> tuple[float, float]:
        return time.perf_counter(), time.process_time()

    def timed(name: str, since: tuple[float, float]) -> None:
        seconds, processor = now()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
        rows.append((name, seconds - since[0], processor - since[1], peak))

    since = now()
    planned = expand(suite)
    timed("expand the suite", since)
    since = now()
    with Path(os.devnull).open("w") as nowhere:
        sys.stdout, kept = nowhere, sys.stdout
        try:
            list_cells(planned, results)
        finally:
            sys.stdout = kept
    timed("list them (run --dry-run)", since)
    since = now()
    seen = Silent()
    run_cells(planned, results, Execution(threads=1), seen)
    timed("resume, all complete (run)", since)
    since = now()
    assert len(standings(results)) == len(planned) == seen.found
    timed("their standing (status)", since)
    click.echo(f"{provenance.processor()}, load average at the end {os.getloadavg()[0]:.1f}\n")
    click.echo(f"| {len(planned)} cells | seconds | of them on a processor | peak MiB until then |\n|---|--:|--:|--:|")
    rows.append(("together", sum(row[1] for row in rows), sum(row[2] for row in rows), rows[-1][3]))
    for name, seconds, processor, peak in rows:
        click.echo(f"| {name} | {seconds:.1f} | {processor:.1f} | {peak:.0f} |")


if __name__ == "__main__":
    main()
