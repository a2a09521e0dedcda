"""What a run tells in a terminal that is none, line by line. Most of it is tested with the commands that show it."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from rich.console import Console

from benchmark.cli.progress import RunProgress
from tests.support.collection import write_collection, write_suite
from tests.support.sweep import cells_of


def test_a_worker_that_is_lost_is_told(tmp_path: Path) -> None:
    (cell,) = cells_of(write_suite(tmp_path / "small.yaml", write_collection(tmp_path / "town")))
    console = Console(file=StringIO(), width=40)
    with RunProgress([cell], console) as progress:
        progress.cell_started(cell, 0)
        progress.worker_lost(cell, "its [node] died")
    _, line = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    what = f"first-stage, {cell.request.collection.name}"
    assert line == f"lost   {what}: a worker was lost (its [node] died)"
