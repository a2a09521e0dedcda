"""``rerankbench run``: what it refuses before it starts, what it prints, and what it leaves."""

from __future__ import annotations

import errno
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from benchmark.cli import run as run_module
from benchmark.harness import runner, store
from benchmark.harness.store import read_cells
from tests.support.collection import QUERIES, write_suite
from tests.support.command import Result, command, script


@pytest.fixture
def suite(tmp_path: Path, small: Path) -> Path:
    return write_suite(tmp_path / "small.yaml", small)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


def run(suite: object, results: Path, *options: object) -> Result:
    return command("run", suite, "--results", results, *options)


@pytest.mark.slow
def test_a_real_backbone_from_start_to_end_and_again(suite: Path, results: Path, tiny_folder: Path) -> None:
    """The console script, its workers and a model; then the command that each cell says reproduces it."""
    options = ["--results", results, "--method", "icr", "--method", "first-stage", "--backbone", tiny_folder]
    result = script("run", suite.name, *options, cwd=suite.parent)
    assert result.status == 0, result.err
    cells = {cell.request.method.name: cell for cell in read_cells(results)}
    for name in ("icr", "first-stage"):
        summary = cells[name].summary
        assert summary is not None
        (row,) = [line for line in result.out.splitlines() if f"{name}:default" in line]
        assert f" {summary.metrics.mean['nDCG@10']:.3f} " in row
        assert row.split()[-2] == "0"
        assert len(cells[name].records) == len(QUERIES)
    # On a busy machine there are also lines in between that say how far it is; rich 13 ends them with an empty one.
    assert [line for line in result.err.splitlines() if line and not line.startswith(" ")] == [
        f"start  first-stage, town: {len(QUERIES)} queries",
        "done   first-stage, town",
        f"start  icr on tiny-llama, town: {len(QUERIES)} queries",
        "done   icr on tiny-llama, town",
        f"Results: {results}. Page: rerankbench leaderboard build --results {results}",
    ]
    before = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    machine = cells["icr"].machine
    assert machine is not None
    for folder in (tiny_folder.parent, suite.parent):
        assert str(folder) not in machine.command
    assert shlex.split(machine.command)[:3] == ["rerankbench", "run", "small.yaml"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(suite.parent)
        patch.setattr(subprocess, "Popen", None)
        (suite.parent / "tiny-llama").symlink_to(tiny_folder)
        again = command(*shlex.split(machine.command)[1:], "--results", results)
    assert again.status == 0
    assert again.err.splitlines()[0] == "found  icr on tiny-llama, town: complete, not repeated"
    assert "icr:default" in again.out
    assert {path: path.read_bytes() for path in results.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["dmeo"], ["Unknown suite 'dmeo'. Did you mean 'demo'? The path of a YAML file also works."]),
        (["absent.yaml"], ["absent.yaml: no such file."]),
        (["demo", "--method", "ircr"], ["Unknown method 'ircr'. Did you mean 'icr'?"]),
        (["demo", "--method", "icr:papr"], ["Unknown preset of method 'icr': 'papr'. Did you mean 'paper'?"]),
        (
            ["demo", "--collection", "dmeo"],
            [
                "Unknown collection 'dmeo'. Did you mean 'demo'? A folder in the same format also works, a file of "
                "questions (docs/long-context.md), ir-datasets/<id> and mteb/<task>."
            ],
        ),
        (
            ["demo", "--method", "ircr", "--method", "frist-stage", "--backbone", "qwen3-06b", "--collection", "dmeo"],
            ["Unknown method 'ircr'", "Unknown method 'frist-stage'", "Unknown backbone 'qwen3-06b'", "Unknown coll"],
        ),
    ],
)
def test_names_are_checked_first_and_together(
    arguments: list[str], expected: list[str], results: Path, cache: Path
) -> None:
    result = run(*arguments[:1], results, *arguments[1:])
    assert (result.status, result.out) == (2, "")
    assert len(result.problems) == len(expected), result.err
    for problem, start in zip(result.problems, expected, strict=True):
        assert problem.startswith(start)
    assert not results.exists()
    assert not cache.exists()


def test_terms_must_be_accepted(suite: Path, results: Path, cache: Path) -> None:
    result = run(suite, results, "--method", "icr", "--backbone", "gemma-3-270m")
    assert (result.status, result.out) == (2, "")
    (problem,) = result.problems
    assert problem.startswith("Backbone 'gemma-3-270m' is under the Gemma Terms of Use")
    assert problem.endswith("repeat the command with --accept-terms.")
    assert not results.exists()
    assert not cache.exists()


def test_a_results_folder_that_is_a_file(suite: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    result = run(suite, tmp_path / "file")
    assert result.status == 2
    assert "is a file" in result.problems[0]
    assert (tmp_path / "file").read_text() == "mine"


def test_a_read_only_results_folder(suite: Path, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions do not bind the administrator that tests may run as, so the error is made."""

    def refused(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "mkdir", refused)
    result = run(suite, results)
    assert (result.status, result.out) == (2, "")
    assert result.problems == [f"{results}: Permission denied. Choose a folder you may write to."]


def test_a_full_disk_while_running_is_one_line_and_can_be_resumed(
    faulty: pytest.MonkeyPatch, tmp_path: Path, small: Path, results: Path
) -> None:
    """The disk is full in the worker, which is a process of its own: a limit on its files does it."""
    import resource

    suite = write_suite(tmp_path / "s.yaml", small, ["faulty"])
    popen = subprocess.Popen

    class Limited(popen):  # type: ignore[misc, valid-type]
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(
                *arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)), **options
            )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", Limited)
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        result = run(suite, results)
    assert (result.status, result.out) == (2, "")
    (problem,) = result.problems
    assert problem.endswith("File too large"), problem
    (folder,) = results.glob("faulty.*")
    names = {path.name for path in folder.iterdir()}
    assert "summary.json" not in names
    assert not [name for name in names if "partial" in name]
    assert run(suite, results).status == 0
    (cell,) = read_cells(results)
    assert [record.qid for record in cell.records] == list(QUERIES)


def test_a_damaged_cell_is_named_and_nothing_else_lost(
    suite: Path, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmark import suites
    from benchmark.harness.plan import plan

    (cell,) = plan(suites.find(str(suite)), lambda _: Path("/"))
    folder = results / cell.request.slug
    folder.mkdir(parents=True)
    store.write_atomic(folder / "request.json", store.pretty(cell.request.model_dump(mode="json")))
    (folder / "queries.jsonl").write_text('{"qid": "q1"}\n')
    result = run(suite, results)
    assert (result.status, result.out) == (2, "")
    assert result.problems == [
        f"{folder.name}: {folder / 'queries.jsonl'}:1: not a query's record (docids: Field required). "
        "Delete the line to have the query run anew."
    ]


@pytest.mark.parametrize("interrupted", ["while a cell is begun", "while a query runs"])
def test_ctrl_c_is_one_line(suite: Path, results: Path, interrupted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> runner.Outcome:
        if interrupted == "while a cell is begun":
            raise KeyboardInterrupt
        return runner.Outcome(interrupted=True)

    monkeypatch.setattr(runner, "run_cells", stop)
    result = run(suite, results)
    assert (result.status, result.out) == (2, "")
    assert result.problems == [run_module.INTERRUPTED]


def test_failures_are_shown_as_they_are(faulty: pytest.MonkeyPatch, tmp_path: Path, small: Path, results: Path) -> None:
    """Whatever an exception says is no markup, and failed queries are no failure of the run."""
    suite = write_suite(tmp_path / "s.yaml", small, ["faulty:picky"])
    result = run(suite, results)
    assert result.status == 0
    assert "failed faulty:picky, town: no [/such] [thing] as this" in result.err.splitlines()
    assert sum(line.startswith("failed ") for line in result.err.splitlines()) == 4
    (row,) = [line for line in result.out.splitlines() if "faulty:picky" in line]
    assert row.split()[-2] == "4"


@pytest.mark.slow
def test_a_dead_worker_is_tried_again_on_request_with_several_workers(
    faulty: pytest.MonkeyPatch, tmp_path: Path, small: Path, results: Path
) -> None:
    suite = write_suite(tmp_path / "s.yaml", small, ["faulty"])
    faulty.setenv("FAULTY_KILL_AT", "2")
    assert run(suite, results).status == 2
    faulty.delenv("FAULTY_KILL_AT")
    refused = run(suite, results)
    assert refused.status == 2
    (problem,) = refused.problems
    assert "failed before: the worker was killed by signal 9" in problem
    assert problem.endswith("Run the command again with --retry-failed to try it again.")
    # Each worker dies in its second query, and another goes on after that.
    assert command("status", results).out.splitlines()[-1].startswith("0 of 1 cells complete; 3 of 6 queries done")
    again = run(suite, results, "--retry-failed", "--workers", 2, "--query-timeout", 300)
    assert again.status == 0, again.err
    (cell,) = read_cells(results)
    assert (cell.failure, len(cell.records)) == (None, len(QUERIES))
