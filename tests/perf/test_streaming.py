"""A run over a large store is read query by query, and a large suite expands to what was asked; no times are tested."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from benchmark.collections.base import Document
from benchmark.harness.store import read_cells
from benchmark.perf import expansion, streaming

pytestmark = pytest.mark.slow

TOPICS, DEPTH, WORDS = 60, 40, 300
EACH = 20
"""How many queries apart the documents in memory are counted."""


def documents_in_memory() -> int:
    return sum(type(found) is Document for found in gc.get_objects())


@pytest.fixture
def home(cache: Path) -> Path:
    """MS MARCO's place in the home that ir-datasets has in all tests."""
    path = Path(os.environ["IR_DATASETS_HOME"])
    streaming.lay_out(path, 300, WORDS, TOPICS, DEPTH)
    return path


def test_no_more_than_one_querys_documents_are_held(home: Path, tmp_path: Path) -> None:
    before = documents_in_memory()
    held: list[int] = []
    sizes: list[int] = []

    def emit(event: dict[str, Any]) -> None:
        if event["event"] == "loaded":
            # Not before: imports are no part of it, and slow when they are traced.
            tracemalloc.start()
        if event["event"] == "query":
            sizes.append(tracemalloc.get_traced_memory()[0])
            if len(sizes) % EACH == 0:
                held.append(documents_in_memory() - before)

    try:
        streaming.read(tmp_path / "results", DEPTH, emit)
    finally:
        tracemalloc.stop()
    assert len(sizes) == TOPICS
    assert len(held) == TOPICS // EACH
    assert max(held) <= DEPTH
    # The texts of the queries in between are several times as much.
    texts = (TOPICS - EACH) * DEPTH * WORDS * 5
    assert sizes[-1] - sizes[EACH] < texts / 10
    (cell,) = read_cells(tmp_path / "results")
    assert cell.summary is not None


def test_a_suite_of_ten_thousand_cells_expands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expansion, "DEPTHS", 10)
    monkeypatch.setattr(expansion, "WORDS", 5)
    cells = expansion.expand(expansion.write_suite(tmp_path / "many.yaml"))
    assert len({cell.request.identity for cell in cells}) == len(cells) == 2 * 10 * 5
    monkeypatch.undo()
    assert 2 * expansion.DEPTHS * expansion.WORDS == 10_000


@pytest.mark.slow
def test_the_script_says_how_much_memory_there_is() -> None:
    # In a process of its own, because ir-datasets looks for its home once.
    arguments = ["--documents", "50", "--words", "5", "--topics", "20", "--depth", "5"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmark.perf.streaming", *arguments], capture_output=True, text=True, check=True
    )
    assert "20 queries, " in done.stdout
