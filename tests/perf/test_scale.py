"""What very many cells cost, by counts of what is done and not by clocks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.harness import record, store
from benchmark.harness.live import standings
from benchmark.harness.runner import Execution, run_cells
from benchmark.harness.store import SUMMARY
from benchmark.perf import scale


def test_what_cells_share_is_done_once_and_a_complete_cells_lines_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scale, "DEPTHS", 8)
    suite = scale.suite_of(tmp_path, 1)
    written: list[object] = []
    real = record.canonical_json

    def noted(value: Any) -> str:
        if isinstance(value, dict):
            written.append(value)
        return real(value)

    monkeypatch.setattr(record, "canonical_json", noted)
    cells = scale.expand(suite)
    assert len(cells) == len(scale.METHODS) * len(scale.BACKBONES) * 8
    assert len(written) == len(scale.METHODS) + len(scale.BACKBONES) + 8
    assert [cell.slug for cell in cells[::50]] == [cell.request.slug for cell in cells[::50]]
    assert len({cell.slug for cell in cells}) == len(cells)

    scale.complete(cells, tmp_path / "results")
    read: list[str] = []
    real_read = store.content_of
    monkeypatch.setattr(store, "content_of", lambda path: read.append(Path(path).name) or real_read(path))
    seen = scale.Silent()
    outcome = run_cells(cells, tmp_path / "results", Execution(threads=1), seen)
    assert seen.found == len(outcome.found) == len(cells)
    assert read == [SUMMARY] * len(cells)
    assert [cell.state for cell in standings(tmp_path / "results")] == ["complete"] * len(cells)
    assert "queries.jsonl" not in read
