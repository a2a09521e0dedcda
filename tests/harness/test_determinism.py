"""The same machine and the same settings give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from benchmark.harness import worker
from benchmark.harness.store import Cell, read_cell, read_cells
from benchmark.harness.worker import Stop
from tests.harness.test_worker import job_of
from tests.support.collection import write_suite
from tests.support.command import command, script

CLOCKS = {"seconds", "phases", "peak_memory_bytes"}
"""What is measured and not computed."""


def computed(cell: Cell) -> list[dict[str, object]]:
    return [record.model_dump(exclude=CLOCKS) for record in cell.records]


@pytest.fixture
def torch_as_it_was() -> Iterator[None]:
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.slow
@pytest.mark.usefixtures("torch_as_it_was")
@pytest.mark.parametrize(
    ("method", "deterministic"),
    [("icr", False), ("icr", True), ("rankgpt", False), pytest.param("rankgpt", True, marks=pytest.mark.slow)],
)
def test_running_again_writes_the_same_bytes(
    tmp_path: Path, small: Path, tiny_talker: Path, method: str, deterministic: bool
) -> None:
    """Attention read, and answers written token by token."""
    job = job_of(tmp_path, small, method, tiny_talker).model_copy(update={"deterministic": deterministic})
    cells = []
    for name in ("one", "other"):
        torch.rand(3)
        worker.run(job.model_copy(update={"results": tmp_path / name}), lambda _: None, Stop())
        cells.append(read_cell(tmp_path / name / job.request.slug))
    one, other = cells
    assert (one.folder / "run.trec").read_bytes() == (other.folder / "run.trec").read_bytes()
    assert computed(one) == computed(other)
    assert one.machine is not None
    assert one.machine.deterministic is deterministic


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--deterministic"]], ids=["as it comes", "deterministic"])
def test_two_processes_write_the_same_bytes(tmp_path: Path, small: Path, tiny_talker: Path, options: list[str]) -> None:
    suite = write_suite(tmp_path / "s.yaml", small, ["icr", "rankgpt"], [str(tiny_talker)])
    runs = []
    for name in ("one", "other"):
        done = script("run", suite, "--results", tmp_path / name, "--backbone-threads", 1, *options)
        assert done.status == 0, done.err
        runs.append(read_cells(tmp_path / name))
    for one, other in zip(*runs, strict=True):
        assert (one.folder / "run.trec").read_bytes() == (other.folder / "run.trec").read_bytes()
        assert computed(one) == computed(other)
        assert one.machine is not None
        assert one.machine.deterministic is bool(options)


def test_energy_is_measured_with_one_worker(tmp_path: Path, small: Path) -> None:
    suite = write_suite(tmp_path / "s.yaml", small)
    result = command("run", suite, "--results", tmp_path / "results", "--energy", "--workers", 2)
    assert result.status == 2
    assert result.problems == [
        "--energy: a meter counts for the whole device. Measure it with one worker, on this machine."
    ]
