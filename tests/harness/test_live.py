"""How far a results folder is, while it is written and after."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.harness import live
from benchmark.harness.live import PLAN, standings, whole, write_plan
from benchmark.harness.record import CellFailure, Latency
from benchmark.harness.store import CellWriter
from tests.harness.test_store import summary
from tests.support.records import cell_request, query_record

ONE, TWO, THREE = (cell_request(preset=name) for name in ("one", "two", "three"))


def snapshot(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def test_cells_of_every_state_and_the_sum(tmp_path: Path) -> None:
    write_plan(tmp_path, {ONE.slug: 4, TWO.slug: 10, THREE.slug: 20})
    with CellWriter(tmp_path, ONE) as writer:
        writer.append(query_record("q1", 1.0, seconds=2.0))
        timed = {"latency": Latency(median=2.0, p90=2.0, queries=1)}
        writer.finish(summary(ONE).model_copy(update=timed), "run\n")
    with CellWriter(tmp_path, TWO) as writer:
        for number in range(4):
            writer.append(query_record(f"q{number}", 1.0, seconds=0.5, failure="no" if number == 2 else None))
        before = snapshot(tmp_path)
        first, second, third = cells = standings(tmp_path)
        assert snapshot(tmp_path) == before, "reading changes nothing"
    assert (first.state, first.done, first.total, first.left) == ("complete", 1, 1, 0)
    assert (second.state, second.done, second.total, second.failed) == ("running", 4, 10, 1)
    assert (second.seconds, second.left) == (0.5, pytest.approx(3.0))
    assert (third.state, third.done, third.total, third.seconds) == ("waiting", 0, 20, None)
    assert third.left == pytest.approx(20 * (2.0 + 4 * 0.5) / 5)
    total = whole(cells)
    assert (total.cells, total.complete, total.done, total.total, total.failed) == (3, 1, 5, 31, 1)
    assert total.rate == pytest.approx(2.0)
    assert total.left == pytest.approx(19.0)
    assert [cell.state for cell in standings(tmp_path)] == ["complete", "stopped", "waiting"]


def test_a_lock_file_that_nobody_holds_is_no_running_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with CellWriter(tmp_path, ONE):
        pass
    (tmp_path / f".{ONE.slug}.lock").touch()
    assert [cell.state for cell in standings(tmp_path)] == ["stopped"]
    monkeypatch.setattr(live, "_held_locks", lambda: None)
    assert [cell.state for cell in standings(tmp_path)] == ["running"], "where the system does not tell"


def test_a_failed_cell_is_not_waited_for(tmp_path: Path) -> None:
    write_plan(tmp_path, {ONE.slug: 4})
    with CellWriter(tmp_path, ONE) as writer:
        writer.append(query_record("q1", 1.0))
        writer.write_failure(CellFailure(when="now", kind="killed", message="by signal 9", last_lines=()))
    (cell,) = cells = standings(tmp_path)
    assert cell.state == "failed"
    assert whole(cells).left == 0


def test_without_a_plan_or_a_query_nothing_is_guessed(tmp_path: Path) -> None:
    with CellWriter(tmp_path, ONE):
        (cell,) = cells = standings(tmp_path)
    assert (cell.state, cell.total, cell.left) == ("running", None, None)
    total = whole(cells)
    assert (total.total, total.rate, total.left) == (None, None, None)


def test_a_plan_is_written_when_it_says_something_new(tmp_path: Path) -> None:
    write_plan(tmp_path, {"a": 1, "b": 2})
    first = (tmp_path / PLAN).read_bytes()
    for part in ({"a": 1}, {"b": 2, "a": 1}, {}):
        write_plan(tmp_path, part)
        assert (tmp_path / PLAN).read_bytes() == first
    write_plan(tmp_path, {"b": 2, "c": 3})
    assert [(cell.name, cell.total) for cell in standings(tmp_path)] == [("b", 2), ("c", 3)]
