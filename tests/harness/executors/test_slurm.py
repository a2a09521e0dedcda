"""Jobs by submitit: its local executor, and Slurm itself where there is one."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from benchmark.errors import UserError
from benchmark.harness.executors import slurm
from benchmark.harness.executors.remote import RemoteExecutor
from benchmark.harness.executors.slurm import Channel, SlurmTransport
from benchmark.harness.runner import Execution, Outcome, require_complete, run_cells
from benchmark.harness.store import read_cell
from tests.support.collection import QUERIES
from tests.support.sweep import Sweep, Watch, children_with, sweep

pytest.importorskip("submitit")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sweep]:
    with sweep(tmp_path_factory.mktemp("slurm")) as made:
        made.patch.setattr(slurm, "LOOK", 0.5)
        made.patch.setenv("FAULTY_SLEEP", "0.1")
        yield made


def run(
    made: Sweep, results: Path, watch: Watch, cluster: str = "local", shard: int | None = None, **parameters: object
) -> Outcome:
    transport = SlurmTransport(results / ".slurm", 2, {"timeout_min": 10} | parameters, cluster)
    execution = Execution(threads=1)
    return run_cells(made.cells, results, execution, watch, RemoteExecutor(results, execution, transport, 1, shard))


def jobs() -> list[psutil.Process]:
    return children_with("submitit.core._submit")


@pytest.mark.slow
def test_a_sweep_in_two_jobs(made: Sweep, tmp_path: Path) -> None:
    watch = Watch()
    require_complete(run(made, tmp_path, watch))
    assert len(watch.queries) == len(made.cells) * len(QUERIES)
    made.check(tmp_path)
    again = Watch()
    assert len(run(made, tmp_path, again).found) == len(made.cells)
    assert made.calls() == []


@pytest.mark.slow
def test_shards(made: Sweep, tmp_path: Path) -> None:
    require_complete(run(made, tmp_path, Watch(), shard=4))
    made.check(tmp_path)


@pytest.mark.slow
def test_a_job_whose_time_is_up_goes_on_where_it_was(made: Sweep, tmp_path: Path) -> None:
    """Slurm's notice is a signal to every process of the job, the worker's too."""
    told = []

    def notice() -> None:
        told.append(jobs()[0])
        for process in [*told[0].children(recursive=True), told[0]]:
            process.send_signal(signal.SIGUSR2)

    watch = Watch(after=4, action=notice)
    require_complete(run(made, tmp_path, watch))
    assert len(told) == 1
    assert len(watch.queries) == len(made.cells) * len(QUERIES)
    made.check(tmp_path)


@pytest.mark.slow
def test_a_killed_job_costs_the_query_in_hand(made: Sweep, tmp_path: Path) -> None:
    def kill() -> None:
        killed = jobs()[0]
        for process in [*psutil.Process(killed.ppid()).children(), *killed.children(recursive=True)]:
            process.kill()

    require_complete(run(made, tmp_path, Watch(after=4, action=kill)))
    made.check(tmp_path, repeated=2)


@pytest.mark.slow
def test_an_interrupted_sweep_goes_on_where_it_was(made: Sweep, tmp_path: Path) -> None:
    first = run(made, tmp_path, Watch(after=3, action=lambda: os.kill(os.getpid(), signal.SIGINT)))
    assert first.interrupted
    assert first.problems == {}
    assert len(first.ran) < len(made.cells)
    require_complete(run(made, tmp_path, Watch()))
    made.check(tmp_path)


def test_what_jobs_wrote_after_their_reader_was_gone_is_used(made: Sweep, tmp_path: Path) -> None:
    planned = made.cells[-1]
    spool = tmp_path / ".slurm"
    lines = (made.log.parent / "expected" / planned.slug / "queries.jsonl").read_text().splitlines(keepends=True)
    channel = Channel(spool / "earlier" / f"{planned.slug}.7.jsonl")
    (spool / "earlier").mkdir(parents=True)
    channel.write([{"event": "taken"}, {"event": "lines", "text": "".join(lines[:2])}])
    transport = SlurmTransport(spool, 1, {}, "local")
    assert transport.left(planned.slug) == ["".join(lines[:2])]
    assert transport.left(made.cells[0].slug) == []
    transport.close()
    assert not spool.exists()


def test_another_running_process_keeps_its_jobs(tmp_path: Path) -> None:
    first = SlurmTransport(tmp_path / "spool", 1, {}, "local")
    (folder,) = (path for path in (tmp_path / "spool").iterdir() if path.is_dir())
    folder.rename(folder.with_name("first"))
    (tmp_path / "spool" / f".{folder.name}.lock").rename(tmp_path / "spool" / ".first.lock")
    second = SlurmTransport(tmp_path / "spool", 1, {}, "local")
    second.close()
    assert (tmp_path / "spool" / "first").is_dir()
    first.close()


def test_torn_events_wait_for_their_rest(tmp_path: Path) -> None:
    path = tmp_path / "channel"
    reader, writer = Channel(path), Channel(path)
    assert reader.read() == []
    writer.write([{"event": "a"}, {"event": "b"}])
    path.write_bytes(path.read_bytes() + b'{"event"')
    assert [event["event"] for event in reader.read()] == ["a", "b"]
    path.write_bytes(path.read_bytes() + b': "c"}\n')
    assert [event["event"] for event in reader.read()] == ["c"]
    assert reader.read() == []


def test_unknown_parameters_and_missing_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"--executor slurm: .*colour"):
        SlurmTransport(tmp_path / "spool", 1, {"colour": "red"}, "local")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"--executor slurm: .*slurm"):
        SlurmTransport(tmp_path / "spool", 1, {})


@pytest.mark.slow
def test_slurm_itself(made: Sweep, tmp_path: Path) -> None:
    """A real controller and node, which `.ci/slurm` starts on this machine."""
    try:
        subprocess.run(["sinfo"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no Slurm answers here ({error}); .ci/slurm starts one")
    require_complete(run(made, tmp_path, Watch(), "slurm", cpus_per_task=1))
    made.check(tmp_path)
    cell = read_cell(tmp_path / made.cells[0].slug)
    assert cell.machine is not None
