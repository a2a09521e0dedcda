"""Where ``rerankbench run`` runs cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.cli.executors import Asked
from benchmark.errors import UserError
from benchmark.harness.executors import ray, slurm
from benchmark.harness.executors.base import Execution
from benchmark.harness.executors.local import LocalExecutor
from benchmark.harness.store import CellWriter
from tests.support.collection import QUERIES, write_suite
from tests.support.command import command
from tests.support.sweep import cells_of

NOTHING: dict[str, Any] = {
    "workers": None,
    "address": None,
    "worker_cpus": None,
    "worker_gpus": None,
    "shard_queries": None,
    "slurm": (),
}


def asked(executor: str, **changes: Any) -> Asked:
    return Asked(executor, **NOTHING | changes)


def test_an_option_that_would_be_ignored_is_refused() -> None:
    result = command("run", "demo", "--address", "head:1", "--shard-queries", 5, "--worker-gpus", 0)
    assert result.status == 2
    assert result.problems == [
        "--address: means nothing to --executor local.",
        "--worker-gpus: means nothing to --executor local.",
        "--shard-queries: means nothing to --executor local.",
    ]
    with pytest.raises(UserError, match="--slurm: means nothing to --executor ray"):
        asked("ray", slurm=("timeout_min=5",)).check()
    with pytest.raises(UserError, match="--address: means nothing to --executor slurm"):
        asked("slurm", address="head:1").check()
    asked("ray", address="head:1", shard_queries=5, worker_gpus=0.5).check()


def test_what_executors_are_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    monkeypatch.setattr(ray, "RayTransport", lambda *values: given.append(values))
    monkeypatch.setattr(slurm, "SlurmTransport", lambda *values: given.append(values))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    execution = Execution(threads=4)

    def build(executor: str, **changes: Any) -> object:
        return asked(executor, **changes).build(tmp_path, tmp_path / "spool", execution)

    assert isinstance(build("local"), LocalExecutor)
    build("ray")
    build("ray", address="head:1", workers=3, worker_cpus=2, worker_gpus=0.5)
    build("slurm", workers=64, worker_cpus=8, worker_gpus=1, slurm=("slurm_partition=gpu", "timeout_min=600"))
    assert given == [
        ("auto", None, 1, None),
        ("head:1", 3, 2, 0.5),
        (
            tmp_path / "spool",
            64,
            {"timeout_min": 600, "cpus_per_task": 8, "gpus_per_node": 1, "slurm_partition": "gpu"},
        ),
    ]
    with pytest.raises(UserError, match="--slurm 'gpu': expected KEY=VALUE"):
        build("slurm", slurm=("gpu",))


def test_a_dry_run_lists_cells_and_writes_nothing(tmp_path: Path, small: Path) -> None:
    suite = write_suite(tmp_path / "s.yaml", small, depth=[2, 3])
    first, second = cells_of(suite)
    listed = command("run", suite, "--results", tmp_path / "results", "--dry-run")
    assert listed.out.splitlines() == [
        f"waiting   {len(QUERIES):>6} queries  {first.slug}",
        f"waiting   {len(QUERIES):>6} queries  {second.slug}",
    ]
    assert f"2 cells, {2 * len(QUERIES)} queries." in listed.err
    assert not (tmp_path / "results").exists()
    with CellWriter(tmp_path / "results", second.request):
        pass
    # As a URL, too.
    listed = command("run", suite, "--results", f"file://{tmp_path}/results", "--dry-run")
    assert [line.split()[0] for line in listed.out.splitlines()] == ["waiting", "begun"]
