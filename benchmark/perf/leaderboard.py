"""How long the leaderboard takes to build, and how large its pages are: ``python -m benchmark.perf.leaderboard``.

The cells are made up, with scores around a quality of their method's; they are as good as submitted ones that were
checked before (checking is timed by the tests of submissions). The first build makes everything, the second one finds
nothing changed, the third one a single cell.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from benchmark.collections import catalogue
from benchmark.evaluation.metrics import METRICS
from benchmark.harness.record import (
    BackboneRequest,
    CellRequest,
    CellSummary,
    CollectionRequest,
    Cost,
    Latency,
    Machine,
    Memory,
    MethodRequest,
    Metrics,
    QueryRecord,
    Standing,
)
from benchmark.hashing import sha256_bytes

METHOD_NAMES = ("icr", "core", "qrhead", "rankgpt", "setwise", "pairwise", "pointwise", "first", "selective-icr")
BACKBONES = ("smollm2-135m-instruct", "qwen3-4b", "llama-3.1-8b-instruct", "mistral-7b-instruct-v0.2")
DEPTH = 10

EVERY = 2.0
"""Seconds between looks at the memory; each stops a large process for tens of milliseconds."""


@dataclass(frozen=True)
class Built:
    """One build in a process of its own.

    Attributes:
        seconds: by the clock; busy: of processors, by all of its processes together.
        peak: most memory in MiB that all of its processes had together, what they share counted once.
        written: files.
    """

    seconds: float
    busy: float
    peak: float
    written: int


def make(results: Path, rows: int, collections: int, topics: int) -> None:
    """Cells of ``rows`` configurations on so many collections of NanoBEIR and others."""
    names = sorted(catalogue.entries(), key=lambda name: (not name.startswith("nano-"), name))[:collections]
    dice = np.random.default_rng(0)
    ease = {name: dice.uniform(-0.25, 0.25, topics) for name in names}
    lines = {name: _lines(name, topics) for name in names}
    for row in range(rows):
        quality = 0.45 if row == 0 else float(dice.uniform(0.4, 0.65))
        for name in names:
            values = np.clip(quality + ease[name] + dice.normal(0, 0.12, topics), 0, 1)
            _write(results, _request(row, name), values, lines[name], row)


def _request(row: int, name: str) -> CellRequest:
    method = "first-stage" if row == 0 else METHOD_NAMES[row % len(METHOD_NAMES)]
    backbone = BACKBONES[row // len(METHOD_NAMES) % len(BACKBONES)]
    return CellRequest(
        method=MethodRequest(
            name=method, preset="default", options={"order": "given", "window": row}, source_sha256=_hash(method)
        ),
        backbone=None
        if row == 0
        else BackboneRequest(
            name=backbone,
            source="hub",
            location=f"example/{backbone}",
            revision=_hash(backbone)[:40],
            dtype="bfloat16",
            engine_sha256=_hash("engine"),
        ),
        collection=CollectionRequest(
            name=name, split="test", revision=_hash(name), first_stage="bm25s", run_sha256=_hash(name), depth=DEPTH
        ),
    )


def _write(results: Path, asked: CellRequest, values: np.typing.NDArray[np.float64], lines: str, row: int) -> None:
    qids = [f"q{number:04}" for number in range(len(values))]
    by_topic = {qid: float(value) for qid, value in zip(qids, values, strict=True)}
    mean, error = float(values.mean()), float(values.std() / len(values) ** 0.5)
    interval = (mean - 2 * error, mean + 2 * error)
    summary = CellSummary(
        identity=asked.identity,
        finished="2026-03-01T10:05:12+00:00",
        queries=len(qids),
        failed=0,
        metrics=Metrics(
            mean=dict.fromkeys(METRICS, mean),
            per_query=dict.fromkeys(METRICS, by_topic),
            interval=dict.fromkeys(METRICS, interval),
        ),
        latency=Latency(median=0.5 + row % 7, p90=1.0 + row % 7, queries=len(qids)),
        memory=Memory(weights=1 << 30, peak_above_weights=(1 + row % 5) << 28) if row else None,
        cost=Cost(forward_passes=2 + row % 9, prompt_tokens=4000 + row, completion_tokens=0),
        load_seconds=2.0,
    )
    machine = Machine(
        started="2026-03-01T10:00:00+00:00",
        command=f"rerankbench run nano --method {asked.method.name} --option window={row}",
        python="3.12.9",
        platform="Linux 6.6.0 x86_64",
        packages={"torch": "2.9.0", "transformers": "5.23.1"},
        git_commit=_hash("commit")[:40],
        git_dirty=False,
        processor=f"Example Processor {row % 3}",
        cores=4,
        threads=4,
        memory_bytes=16 << 30,
        accelerator=None,
    )
    standing = Standing(submission=f"2026-03-01-{asked.method.name}-{row}", trust="submitted")
    folder = results / asked.slug
    folder.mkdir(parents=True)
    ranked = (f"{qid} Q0 d{place} {place + 1} {1 - place / 10} x\n" for qid in qids for place in range(DEPTH))
    texts = {
        "request.json": asked.model_dump_json(),
        "machine.json": machine.model_dump_json(),
        "summary.json": summary.model_dump_json(),
        "standing.json": standing.model_dump_json(),
        "queries.jsonl": lines,
        "run.trec": "".join(ranked),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _lines(name: str, topics: int) -> str:
    dice = np.random.default_rng(len(name))
    return "".join(
        QueryRecord(
            qid=f"q{number:04}",
            docids=tuple(f"d{place}" for place in range(DEPTH)),
            scores=tuple(float(score) for score in dice.normal(size=DEPTH)),
            seconds=float(dice.uniform(0.5, 2)),
            prompt_tokens=4000,
            completion_tokens=0,
            forward_passes=2,
            peak_memory_bytes=None,
            warm_up=number < 3,
        ).model_dump_json()
        + "\n"
        for number in range(topics)
    )


def _hash(text: str) -> str:
    return sha256_bytes(text.encode())


def built(results: Path, out: Path, cache: Path, jobs: int) -> Built:
    """Build in a fresh process, whose memory is its own; it is looked at every `EVERY` seconds."""
    code = f"""
import json, os, time
from pathlib import Path
start = time.perf_counter()
from leaderboard import build
report = build([Path({str(results)!r})], Path({str(out)!r}), cache=Path({str(cache)!r}), jobs={jobs})
print(json.dumps([time.perf_counter() - start, sum(os.times()[:4]), report.written]))
"""
    peak = 0.0
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            peak = max(peak, memory(process.pid))
            time.sleep(EVERY)
        assert process.stdout is not None
        seconds, busy, written = json.loads(process.stdout.read())
    return Built(seconds, busy, peak, written)


def memory(number: int) -> float:
    """MiB of a process and those that it started, what they share counted once (proportional set sizes)."""
    total = 0.0
    for each in (number, *_children(number)):
        # It may end between the listing and the look.
        with suppress(OSError):
            text = Path(f"/proc/{each}/smaps_rollup").read_text(encoding="utf-8")
            total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024
    return total


def _children(number: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{number}/task/{number}/children").read_text("utf-8").split()]
    except OSError:
        return []


def sizes(out: Path) -> Iterator[str]:
    """What a reader's browser fetches for the overview."""
    for name in ("index.html", "site.js", "style.css"):
        data = (out / name).read_bytes()
        yield f"{name}: {len(data) / 1000:.0f} kB, {len(gzip.compress(data, 9)) / 1000:.1f} kB compressed"


@click.command()
@click.option("--rows", default=200, show_default=True, help="Configurations, such as submissions.")
@click.option("--collections", default=13, show_default=True, help="Collections of each.")
@click.option("--topics", default=20, show_default=True, help="Topics of each.")
@click.option("--jobs", default=2, show_default=True, help="Processes of a build.")
def main(rows: int, collections: int, topics: int, jobs: int) -> None:
    """Make cells, build three times, and print what was measured."""
    with tempfile.TemporaryDirectory() as scratch:
        results, out, cache = (Path(scratch) / name for name in ("results", "site", "cache"))
        make(results, rows, collections, topics)
        click.echo(f"{rows} rows x {collections} collections, {topics} topics each, {jobs} processes")
        for what in ("new", "unchanged", "one cell changed"):
            if what == "one cell changed":
                summary = next(results.iterdir()) / "summary.json"
                summary.write_text(summary.read_text(encoding="utf-8").replace("10:05:12", "10:05:13"))
            found = built(results, out, cache, jobs)
            click.echo(
                f"{what}: {found.seconds:.1f} s ({found.busy:.1f} s of processors), {found.peak:.0f} MiB, "
                f"{found.written} files written"
            )
        for line in sizes(out):
            click.echo(line)


if __name__ == "__main__":
    main()
