"""``rerankbench status``: a table, a sentence, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmark.cli.status import clock
from benchmark.harness.live import write_plan
from benchmark.harness.store import CellWriter
from tests.support.command import command
from tests.support.records import cell_request, query_record


def test_a_live_folder(tmp_path: Path) -> None:
    one, two = cell_request(), cell_request(preset="two")
    write_plan(tmp_path, {one.slug: 10, two.slug: 5})
    with CellWriter(tmp_path, one) as writer:
        writer.append(query_record("q1", 1.0, seconds=0.5))
        writer.append(query_record("q2", failure="no", seconds=0.5))
        result = command("status", tmp_path)
        told = json.loads(command("status", tmp_path, "--json").out)
    assert (result.status, result.err) == (0, "")
    assert result.out.splitlines()[-1] == (
        "0 of 2 cells complete; 2 of 15 queries done, 1 of them failed; 2.00 queries a second; about 0:06 left."
    )
    (row,) = [line for line in result.out.splitlines() if one.slug in line]
    assert [word for word in row.split() if word not in "│"] == [one.slug, "running", "2/10", "1", "0.50", "0:04"]
    assert [cell["state"] for cell in told["cells"]] == ["running", "waiting"]
    assert told["all"]["total"] == 15


def test_no_results(tmp_path: Path) -> None:
    assert "no such results folder" in command("status", tmp_path / "absent").problems[0]
    assert command("status", tmp_path).out == "0 of 0 cells complete; 0 of 0 queries done, 0 of them failed.\n"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (61.9, "1:01"), (3600, "1:00:00"), (90061, "25:01:01")])
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
