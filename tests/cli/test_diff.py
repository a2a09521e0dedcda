"""``rerankbench diff``: two results folders, in words and as JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from benchmark.harness.store import read_cells
from tests.support.collection import QUERIES, write_suite
from tests.support.command import command


@pytest.fixture
def results(tmp_path: Path, small: Path) -> Path:
    assert command("run", write_suite(tmp_path / "s.yaml", small), "--results", tmp_path / "a").status == 0
    return tmp_path / "a"


def test_what_changed_is_said_in_words_and_as_json(results: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(results, tmp_path / "b"))
    (cell,) = read_cells(other)
    same = command("diff", results, other)
    assert (same.status, same.err) == (0, "")
    assert "0/6" in same.out
    assert same.out.splitlines()[-1].strip().startswith("└"), "nothing below the table"

    lines = (cell.folder / "queries.jsonl").read_text().splitlines()
    first = json.loads(lines[0])
    first["scores"] = first["scores"][::-1]
    (cell.folder / "queries.jsonl").write_text("\n".join([json.dumps(first), *lines[1:]]) + "\n")
    machine = json.loads((cell.folder / "machine.json").read_text())
    machine["packages"]["numpy"] = "1.0"
    (cell.folder / "machine.json").write_text(json.dumps(machine))
    changed = command("diff", results, other)
    assert changed.status == 0
    told = changed.out.splitlines()
    assert "  other order: q1" in told
    assert any(line.startswith("  version packages.numpy: ") and line.endswith(' -> "1.0"') for line in told)
    (found,) = json.loads(command("diff", results, other, "--json").out)["cells"]
    assert found["rankings"]["reordered"] == ["q1"]
    assert found["rankings"]["tau"] == pytest.approx((5 - 1) / 6)
    assert found["metrics"]["nDCG@10"]["test"]["topics"] == len(QUERIES)


def test_cells_without_a_partner_are_named(results: Path, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    result = command("diff", results, tmp_path / "b")
    assert result.out.splitlines() == [f"Only in A: {read_cells(results)[0].folder.name}"]
    assert command("diff", tmp_path / "b", tmp_path / "b").out == "Neither folder holds a cell.\n"


def test_a_folder_that_is_not_there(results: Path, tmp_path: Path) -> None:
    result = command("diff", results, tmp_path / "absent")
    assert result.status == 2
    assert "no such results folder" in result.problems[0]
