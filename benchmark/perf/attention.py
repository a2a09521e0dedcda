"""What reading attention costs beside the bare forward pass: ``python -m benchmark.perf.attention``.

All ways are run in turn, in one process, several times; the ratio of a way is the median of its ratios to the bare
forward of the same turn, so that a machine that slows down slows down both.
"""

from __future__ import annotations

import ctypes
import gc
import json
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import click
import psutil
import torch

from benchmark.backbones import catalogue, loader, sources
from benchmark.harness import provenance
from benchmark.harness.memory import PeakMemory
from benchmark.perf.variants import Variant, variants
from benchmark.perf.workload import QUERY, candidates


@dataclass(frozen=True)
class Row:
    """One way at one size.

    Attributes:
        seconds: median; ratio: median ratio to the first way; peak_mib: most memory above what was there before.
        note: why there are no numbers.
    """

    way: str
    seconds: float | None = None
    ratio: float | None = None
    peak_mib: float | None = None
    note: str = ""


def measure(ways: Sequence[Variant], repeats: int, say: Callable[[str], None]) -> list[Row]:
    """Run the ways in turn: once for the memory, which is given back before each, then ``repeats`` times for time."""
    available = psutil.virtual_memory().available
    tried = [way for way in ways if way.needs_bytes < 0.8 * available]
    seconds: dict[str, list[float]] = {way.label: [] for way in tried}
    peaks: dict[str, int] = {}
    for turn in range(repeats + 1):
        for way in tried:
            took, peak = once(way.run, fresh=not turn)
            say(f"  turn {turn}: {way.label}: {took:.2f} s")
            if turn:
                seconds[way.label].append(took)
            else:
                peaks[way.label] = peak
    floor = seconds[ways[0].label]
    rows = []
    for way in ways:
        if way not in tried:
            note = f"needs {way.needs_bytes / 2**30:.0f} GiB, {available / 2**30:.0f} available"
            rows.append(Row(way.label, note=note))
            continue
        ratios = [took / bare for took, bare in zip(seconds[way.label], floor, strict=True)]
        rows.append(
            Row(
                way.label,
                statistics.median(seconds[way.label]),
                statistics.median(ratios),
                peaks[way.label] / 2**20,
            )
        )
    return rows


def once(run: Callable[[], object], *, fresh: bool = False) -> tuple[float, int]:
    """Seconds and peak bytes of one call.

    Args:
        fresh: memory that earlier calls freed goes back to the system first: right for the peak on a CPU, but the call
            then takes longer than one of many.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    gc.collect()
    if fresh and platform.libc_ver()[0] == "glibc":
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    memory = PeakMemory(device)
    with memory.measured():
        if device == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        run()
        if device == "cuda":
            torch.cuda.synchronize()
        took = time.perf_counter() - start
    return took, memory.above_baseline


def table(title: str, rows: Sequence[Row]) -> str:
    """Markdown."""
    lines = [f"### {title}", "", "| way | seconds | ratio to a | peak MiB above weights |", "|---|--:|--:|--:|"]
    for row in rows:
        if row.seconds is None or row.ratio is None or row.peak_mib is None:
            lines.append(f"| {row.way} | not run: {row.note} | | |")
        else:
            lines.append(f"| {row.way} | {row.seconds:.2f} | {row.ratio:.3f} | {row.peak_mib:.0f} |")
    return "\n".join(lines)


@click.command()
@click.option("--backbone", "name", default="smollm2-135m-instruct", show_default=True)
@click.option(
    "--size",
    "sizes",
    multiple=True,
    default=["20x100", "100x45"],
    show_default=True,
    metavar="DOCUMENTSxWORDS",
    help="Documents and words of each (repeatable).",
)
@click.option("--only", default="", metavar="LETTERS", help="Only the ways that begin with one of these letters.")
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), default=provenance.usable_cores)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(name: str, sizes: tuple[str, ...], only: str, repeats: int, threads: int, as_json: bool) -> None:
    """Time the ways to read attention on a real backbone."""
    torch.set_num_threads(threads)
    selected = catalogue.find(name)
    folder = sources.prepare(selected, report=lambda line: click.echo(line, err=True))
    backbone = loader.load(selected, folder, dtype="float32")
    assert folder is not None, "load refuses what has no weights here"
    report: dict[str, Any] = {"backbone": selected.name, "machine": facts(threads)}
    texts = []
    for size in sizes:
        documents, _, words = size.partition("x")
        ways = variants(backbone, folder, candidates(int(documents), int(words)), QUERY)
        chosen = [way for way in ways if not only or way.label[0] in only]
        rows = measure(chosen, repeats, lambda line: click.echo(line, err=True))
        report[size] = [asdict(row) for row in rows]
        texts.append(table(f"{documents} documents of {words} words", rows))
    if as_json:
        click.echo(json.dumps(report, indent=1))
        return
    click.echo(f"{selected.name}, float32. {report['machine']}\n")
    click.echo("\n\n".join(texts))


def facts(threads: int) -> str:
    """The machine in a sentence."""
    versions = provenance.versions()
    return (
        f"{provenance.processor()}, {threads} threads, torch {versions['torch']}, "
        f"transformers {versions['transformers']}; load before: {psutil.getloadavg()[0]:.2f}."
    )


if __name__ == "__main__":
    main()
