"""``rerankbench time``."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.harness.store import read_cells
from benchmark.timing import runner
from tests.support import stub_server as on
from tests.support.collection import write_suite
from tests.support.command import command
from tests.support.endpoints import write_endpoint
from tests.support.stub_server import serving


@pytest.fixture
def suite(tmp_path: Path, small: Path) -> Path:
    return write_suite(tmp_path / "small.yaml", small)


@pytest.mark.slow
def test_a_real_backbone(suite: Path, tmp_path: Path, tiny_folder: Path) -> None:
    options = ["--method", "icr", "--backbone", tiny_folder, "--queries", 2, "--backbone-threads", 1]
    result = command("time", suite, "--results", tmp_path / "r", *options)
    assert result.status == 0, result.err
    (cell,) = read_cells(tmp_path / "r")
    assert cell.summary is None, "a cell can be timed before it is run"
    assert cell.timing is not None
    assert cell.timing.ratio is not None
    assert cell.timing.prompt_cache == "none"
    (row,) = [line for line in result.out.splitlines() if "icr:default" in line]
    assert f" {cell.timing.median:.3f} " in row
    assert f" {cell.timing.ratio:.2f} " in row
    assert "icr:default on tiny-llama, town: repeat 3 of 3, query 'q" in result.err


@pytest.mark.slow
def test_a_served_model_has_no_reference(tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-opensesame")
    with serving() as stub:
        entry = write_endpoint(tmp_path / "served.yaml", stub.url, key_env="TEST_KEY")
        stub.turns = [on.answer("[3] > [1] > [2] > [4]")] * 50
        suite = write_suite(tmp_path / "small.yaml", small, ["rankgpt"], [str(entry)])
        result = command("time", suite, "--results", tmp_path / "r", "--queries", 2)
    assert result.status == 0, result.err
    (cell,) = read_cells(tmp_path / "r")
    assert cell.timing is not None
    assert [query.reference_seconds for query in cell.timing.queries] == [None, None]
    assert (cell.timing.ratio, cell.timing.prompt_cache) == (None, "not known")
    assert cell.timing.machine.accelerator == "a server's, not known"


def test_several_workers_are_refused(suite: Path, tmp_path: Path) -> None:
    result = command("time", suite, "--results", tmp_path / "r", "--workers", 2)
    assert result.status == 2
    (problem,) = result.problems
    assert problem.startswith("--workers: cells that run side by side slow each other down")
    assert not (tmp_path / "r").exists()


def test_an_interruption_is_told(suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "measured", interrupted)
    result = command("time", suite, "--results", tmp_path / "r")
    assert (result.status, result.out) == (2, "")
    assert result.problems == ["Interrupted. The session in hand has left nothing; those before it are kept."]
    assert list((tmp_path / "r").iterdir()) == []
