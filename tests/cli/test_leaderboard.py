"""``rerankbench leaderboard``: from a results folder to a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark import suites
from benchmark.harness.job import Job
from benchmark.harness.plan import plan
from benchmark.harness.worker import Stop, run
from tests.support.collection import write_suite
from tests.support.command import command


@pytest.fixture
def results(tmp_path: Path, small: Path) -> Path:
    (cell,) = plan(suites.find(str(write_suite(tmp_path / "s.yaml", small))), lambda _: Path("/"))
    job = Job(
        request=cell.request,
        options=cell.options,
        backbone=None,
        folder=None,
        collection=cell.collection,
        results=tmp_path / "results",
        threads=1,
        command=cell.command,
    )
    run(job, lambda _: None, Stop())
    return tmp_path / "results"


def test_a_results_folder_becomes_a_page(results: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    result = command("leaderboard", "build", "--results", results, "--out", site)
    assert result.status == 0, result.err
    assert result.out.startswith("1 rows, ")
    page = (site / "index.html").read_text()
    assert "first-stage" in page
    assert str(tmp_path) not in page


def test_no_results_are_no_page(tmp_path: Path) -> None:
    result = command("leaderboard", "build", "--results", tmp_path / "absent", "--out", tmp_path / "site")
    assert (result.status, result.out) == (2, "")
    assert result.problems == [
        f"{tmp_path / 'absent'}: no such results folder. Run a suite first: rerankbench run demo."
    ]
    assert not (tmp_path / "site").exists()


def test_an_unreadable_cell_is_named_and_no_page_is_written(results: Path, tmp_path: Path) -> None:
    (folder,) = results.glob("first-stage.*")
    (folder / "summary.json").write_text("{")
    result = command("leaderboard", "build", "--results", results, "--out", tmp_path / "site")
    assert (result.status, result.out) == (2, "")
    (problem,) = result.problems
    assert problem.startswith(f"{folder}: not a readable cell")
    assert not (tmp_path / "site").exists()


def test_nothing_to_serve(tmp_path: Path) -> None:
    result = command("leaderboard", "serve", "--out", tmp_path / "absent")
    assert result.status == 2
    assert str(tmp_path / "absent") in result.problems[0]
