"""How long a suite of many cells takes to expand and check: ``python -m benchmark.perf.expansion``."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import click
import psutil
import yaml

from benchmark import suites
from benchmark.harness import provenance
from benchmark.harness.plan import Planned, plan

DEPTHS, WORDS = 100, 50


def write_suite(path: Path) -> Path:
    """A suite of 10,000 cells: two splits, a method with fifty truncations, a backbone, a hundred depths."""
    values = {
        "name": "many",
        "title": "Many",
        "description": "As many cells as somebody may ask for.",
        "methods": [{"method": "icr", "options": {"words": words}} for words in range(1, WORDS + 1)],
        "backbones": ["qwen3-0.6b"],
        "collections": [{"collection": "demo", "split": split} for split in ("test", "train")],
        "depth": list(range(1, DEPTHS + 1)),
    }
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def expand(path: Path) -> list[Planned]:
    """The suite's cells, from its file; no backbone is fetched."""
    return plan(suites.find(str(path)), lambda _: path.parent, typed=path.name)


@click.command()
def main() -> None:
    """Read, expand and check a suite of 10,000 cells, three times."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_suite(Path(folder, "many.yaml"))
        for _ in range(3):
            start, used = time.perf_counter(), time.process_time()
            cells = expand(path)
            took, worked = time.perf_counter() - start, time.process_time() - used
            click.echo(f"{len(cells):,} cells: {took:.2f} s, {worked:.2f} s of them computing")
    click.echo(f"{provenance.processor()}; load now: {psutil.getloadavg()[0]:.2f}.")


if __name__ == "__main__":
    main()
