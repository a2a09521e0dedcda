"""Sessions in processes of their own: stored whole or not at all."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.harness.plan import Planned, plan
from benchmark.harness.store import TIMING, CellWriter, read_cell
from benchmark.suites import find
from benchmark.timing.runner import Asked, time_cells
from tests.support.collection import write_suite
from tests.support.plugin import installed, write_plugin

QUICK = Asked(threads=1, queries=2)


@pytest.fixture
def cells(tmp_path: Path, small: Path) -> Iterator[list[Planned]]:
    """A method that misbehaves on request, and one that does not."""
    with installed(write_plugin(tmp_path / "plugins")):
        suite = write_suite(tmp_path / "s.yaml", small, ["faulty", "first-stage"])
        yield plan(find(str(suite)), lambda _: None, typed="s.yaml")


def files(results: Path) -> list[str]:
    return sorted(path.relative_to(results).as_posix() for path in results.rglob("*"))


def test_a_session_is_stored_and_the_next_takes_its_place(cells: list[Planned], tmp_path: Path) -> None:
    said: list[str] = []
    done, problems = time_cells(cells, tmp_path / "r", QUICK, lambda _, text: said.append(text))
    assert problems == []
    assert [planned for planned, _ in done] == cells
    assert said.count("loaded") == len(cells)
    for planned, timing in done:
        cell = read_cell(tmp_path / "r" / planned.request.slug)
        assert cell.timing == timing
        assert (len(timing.queries), timing.repeats, timing.throughput) == (2, 3, None)
        assert timing.machine.command.startswith("rerankbench time s.yaml ")
        assert timing.machine.command.endswith(" --queries 2 --repeats 3")
    (again,), _ = time_cells(cells[1:], tmp_path / "r", QUICK)
    assert read_cell(tmp_path / "r" / again[0].request.slug).timing == again[1] != done[1][1]


def test_a_session_that_dies_leaves_what_was_there(
    cells: list[Planned], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third warm-up: nothing is left, and the other cell is timed all the same."""
    monkeypatch.setenv("FAULTY_KILL_AT", "3")
    done, (problem,) = time_cells(cells, tmp_path / "r", QUICK)
    assert [planned for planned, _ in done] == cells[1:]
    assert problem.startswith(f"{cells[0].request.slug}: the process that times ended with status -9.")
    assert problem.endswith("Its last lines: about to be killed")
    assert files(tmp_path / "r") == [
        cells[1].request.slug,
        *(f"{cells[1].request.slug}/{name}" for name in ("request.json", TIMING)),
    ]
    monkeypatch.delenv("FAULTY_KILL_AT")
    (kept,), _ = time_cells(cells[:1], tmp_path / "r", QUICK)
    monkeypatch.setenv("FAULTY_FAULT_AT", "memory 4")
    done, (problem,) = time_cells(cells[:1], tmp_path / "r", QUICK)
    assert done == []
    assert problem == f"{cells[0].request.slug}: out of memory: no 8 GiB left"
    assert read_cell(tmp_path / "r" / cells[0].request.slug).timing == kept[1], "the last one that came to its end"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_session_leaves_nothing(cells: list[Planned], tmp_path: Path, number: int) -> None:
    def interrupt(_: Planned, text: str) -> None:
        if "repeat 3" in text:
            signal.raise_signal(number)

    with pytest.raises(KeyboardInterrupt):
        time_cells(cells, tmp_path / "r", QUICK, interrupt)
    assert files(tmp_path / "r") == []


def test_a_cell_that_is_run_is_not_timed(cells: list[Planned], tmp_path: Path) -> None:
    with CellWriter(tmp_path, cells[0].request):
        done, problems = time_cells(cells[:1], tmp_path, QUICK)
    assert done == []
    assert problems == [f"{cells[0].request.slug}: another process is running this cell. Wait for it."]


@pytest.mark.slow
def test_throughput_is_of_processes_side_by_side(
    cells: list[Planned], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every query sleeps: two processes are faster than a query after the other can be."""
    monkeypatch.setenv("FAULTY_SLEEP", "0.25")
    ((_, timing),), _ = time_cells(cells[:1], tmp_path / "r", Asked(threads=2, queries=4, at_once=2))
    assert timing.at_once == 2
    assert timing.throughput is not None
    assert 0 < timing.throughput < 2 / 0.25
    assert timing.median >= 0.25, "latency is measured apart"
