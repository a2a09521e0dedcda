"""A real Ray cluster of several processes: a head and two nodes on this machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmark.errors import UserError
from benchmark.harness.executors.ray import RayTransport
from benchmark.harness.executors.remote import RemoteExecutor
from benchmark.harness.runner import Execution, Outcome, require_complete, run_cells
from benchmark.harness.store import read_cell
from tests.support.collection import QUERIES
from tests.support.sweep import Sweep, Watch, children_with, sweep

pytestmark = pytest.mark.slow

STORE = 100 * 2**20
"""Bytes of a node's object store; the least that Ray takes is 75 MiB."""


@dataclass
class Nodes:
    """The cluster with its sweep."""

    cluster: Any
    sweep: Sweep

    def run(self, results: Path, watch: Watch, shard: int | None = None, **changes: Any) -> Outcome:
        transport = RayTransport(self.cluster.address, None, 1, None)
        execution = Execution(threads=1, **changes)
        executor = RemoteExecutor(results, execution, transport, 1, shard)
        return run_cells(self.sweep.cells, results, execution, watch, executor)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    with sweep(tmp_path_factory.mktemp("ray")) as made:
        made.patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # Workers are lost when a test says so, not when tests beside it need memory.
        made.patch.setenv("RAY_memory_monitor_refresh_ms", "0")
        # Long enough that what is done to a worker hits it in the middle of a cell.
        made.patch.setenv("FAULTY_SLEEP", "0.3")
        head = {"num_cpus": 0, "object_store_memory": STORE, "include_dashboard": False}
        cluster = cluster_utils.Cluster(initialize_head=True, head_node_args=head)
        try:
            for _ in range(2):
                cluster.add_node(num_cpus=1, object_store_memory=STORE)
            cluster.wait_for_nodes()
            yield Nodes(cluster, made)
        finally:
            cluster.shutdown()


def actors() -> list[psutil.Process]:
    """Processes of Ray's workers that carry an order out."""
    return children_with("ray::Seat.carry_out")


def test_a_sweep_survives_the_loss_of_a_worker(nodes: Nodes, tmp_path: Path) -> None:
    killed = []

    def kill() -> None:
        killed.append(actors()[0])
        killed[0].send_signal(signal.SIGKILL)

    watch = Watch(after=5, action=kill)
    outcome = nodes.run(tmp_path, watch)
    require_complete(outcome)
    assert len(killed) == len(watch.lost) == 1
    assert len(outcome.ran) == len(nodes.sweep.cells)
    assert len(watch.queries) == len(nodes.sweep.cells) * len(QUERIES), "each is told once"
    nodes.sweep.check(tmp_path, repeated=1)
    again = Watch()
    assert len(nodes.run(tmp_path, again).found) == len(nodes.sweep.cells)
    assert again.queries == nodes.sweep.calls() == []


def test_a_sweep_survives_the_loss_of_a_machine_and_uses_a_new_one(nodes: Nodes, tmp_path: Path) -> None:
    gone = nodes.cluster.add_node(num_cpus=1, object_store_memory=STORE)
    nodes.cluster.wait_for_nodes()
    watch = Watch(after=6, action=lambda: nodes.cluster.remove_node(gone, allow_graceful=False))
    require_complete(nodes.run(tmp_path, watch))
    nodes.sweep.check(tmp_path, repeated=1)


def test_shards_of_a_cell_give_what_the_whole_gives(nodes: Nodes, tmp_path: Path) -> None:
    watch = Watch()
    require_complete(nodes.run(tmp_path, watch, shard=2))
    assert watch.lost == []
    assert len(watch.queries) == len(nodes.sweep.cells) * len(QUERIES)
    nodes.sweep.check(tmp_path)


def test_an_interrupted_sweep_goes_on_where_it_was(nodes: Nodes, tmp_path: Path) -> None:
    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    first = nodes.run(tmp_path, Watch(after=4, action=interrupt))
    assert first.interrupted
    assert first.problems == {}
    kept = {cell.slug: read_cell(tmp_path / cell.slug).records for cell in first.ran}
    assert len(first.ran) < len(nodes.sweep.cells)
    watch = Watch()
    require_complete(nodes.run(tmp_path, watch))
    for slug, records in kept.items():
        assert read_cell(tmp_path / slug).records == records
    nodes.sweep.check(tmp_path)


def test_a_crash_is_the_cells_failure_as_on_this_machine(nodes: Nodes, tmp_path: Path) -> None:
    """Of the process that runs the method; Ray's own goes on with the next cell."""

    def kill() -> None:
        (worker,) = actors()[0].children()
        worker.send_signal(signal.SIGKILL)

    outcome = nodes.run(tmp_path, Watch(after=3, action=kill))
    ((slug, problem),) = outcome.problems.items()
    assert problem.startswith("the worker was killed by signal 9")
    failure = read_cell(tmp_path / slug).failure
    assert failure is not None
    assert failure.kind == "killed"
    assert len(outcome.ran) == len(nodes.sweep.cells) - 1
    require_complete(nodes.run(tmp_path, Watch(), retry_failed=True))
    nodes.sweep.check(tmp_path, repeated=1)


def test_no_cluster() -> None:
    pytest.importorskip("ray")
    with pytest.raises(UserError, match=r"--address 127\.0\.0\.1:1: no Ray cluster is reached"):
        RayTransport("127.0.0.1:1", None, 1, None)
