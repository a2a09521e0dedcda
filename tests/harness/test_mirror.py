"""Results in object stores: fsspec's memory, and S3 as moto's server speaks it on loopback."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from benchmark.errors import UserError
from benchmark.harness import lease, mirror
from benchmark.harness.lease import Lease
from benchmark.harness.mirror import ObjectMirror
from benchmark.harness.places import at_hand, is_url
from benchmark.harness.runner import Execution, Outcome, require_complete, run_cells
from benchmark.harness.store import CellWriter, read_cell, read_cells
from tests.support.collection import QUERIES
from tests.support.command import command
from tests.support.sweep import InProcess, Sweep, Watch, sweep


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """URL of an empty bucket; s3fs finds the server by AWS's variables."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        host, port = server.get_host_and_port()
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test"), ("DEFAULT_REGION", "us-east-1")):
            patch.setenv(f"AWS_{name}", value)
        fsspec.filesystem("s3").mkdir("bucket")
        yield "s3://bucket"
    server.stop()


@pytest.fixture(params=["memory", pytest.param("s3", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place of this test's own."""
    base = request.getfixturevalue("s3") if request.param == "s3" else "memory://store"
    return f"{base}/{tmp_path.name}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sweep]:
    with sweep(tmp_path_factory.mktemp("mirror"), depths=(3, 4)) as made:
        yield made


def run(made: Sweep, place: ObjectMirror, watch: Watch, processes: bool = False, **changes: Any) -> Outcome:
    """As the command does it."""
    place.fetch([cell.slug for cell in made.cells])
    execution = Execution(threads=1, **changes)
    executor = None if processes else InProcess(place.folder, execution)
    try:
        return run_cells(made.cells, place.folder, execution, watch, executor, mirror=place)
    finally:
        place.close()


def names(url: str) -> set[str]:
    files, root = fsspec.core.url_to_fs(url)
    files.invalidate_cache()
    return {path.removeprefix(root).lstrip("/") for path in files.find(root)}


def test_what_is_a_url() -> None:
    assert is_url("s3://bucket/prefix")
    assert not is_url("results")
    assert not is_url("/mnt/nfs/results")


def test_a_sweep_ends_up_there_and_is_found_from_another_machine(made: Sweep, tmp_path: Path, url: str) -> None:
    require_complete(run(made, ObjectMirror(url, tmp_path / "one"), Watch()))
    files = {"request.json", "machine.json", "queries.jsonl", "run.trec", "summary.json"}
    assert names(url) == {"plan.json"} | {f"{cell.slug}/{name}" for cell in made.cells for name in files}
    made.check(tmp_path / "one")

    watch = Watch()
    other = ObjectMirror(url, tmp_path / "two")
    require_complete(run(made, other, watch))
    assert sorted(watch.found) == sorted(cell.slug for cell in made.cells)
    assert made.calls() == []
    for cell in made.cells:
        assert read_cell(tmp_path / "two" / cell.slug).records == read_cell(tmp_path / "one" / cell.slug).records


def test_another_machine_goes_on_where_a_lost_one_was(
    made: Sweep, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lost in the middle of the first cell, with its lease; four lines were copied, and a fifth was not."""
    first = made.cells[0]
    lines = (made.log.parent / "expected" / first.slug / "queries.jsonl").read_bytes().splitlines(keepends=True)
    lost = ObjectMirror(url, tmp_path / "lost")
    lost.claim(first)
    with CellWriter(lost.folder, first.request):
        pass
    (lost.folder / first.slug / "queries.jsonl").write_bytes(b"".join(lines[:4]))
    monkeypatch.setattr(mirror, "EVERY", 0.0)
    lost._next.clear()
    lost.keep(first)
    (lost.folder / first.slug / "queries.jsonl").write_bytes(b"".join(lines[:5]))
    lost.close()

    busy = run(made, ObjectMirror(url, tmp_path / "early"), Watch())
    assert list(busy.problems) == [first.slug]
    assert "another process is running this cell at" in busy.problems[first.slug]
    monkeypatch.setattr(lease.time, "time", lambda: time.monotonic() + 1e10)

    watch = Watch()
    require_complete(run(made, ObjectMirror(url, tmp_path / "next"), watch))
    assert watch.started == [(first.slug, 4)]
    assert len(watch.queries) == len(QUERIES) - 4
    assert (tmp_path / "next" / first.slug / "queries.jsonl").read_bytes().startswith(b"".join(lines[:4]))
    made.calls()

    with pytest.raises(UserError, match="another process has taken the cell over"):
        lost.release(first)
    back = ObjectMirror(url, tmp_path / "lost")
    back.fetch()
    assert [record.qid for record in read_cell(back.folder / first.slug).records] == list(QUERIES)


def test_lines_that_only_this_machine_has_are_kept(made: Sweep, tmp_path: Path, url: str) -> None:
    """Its process was killed before it copied anything but what was asked."""
    first = made.cells[0]
    lines = (made.log.parent / "expected" / first.slug / "queries.jsonl").read_bytes().splitlines(keepends=True)
    killed = ObjectMirror(url, tmp_path / "here")
    killed.claim(first)
    killed.close()
    (tmp_path / "here" / first.slug / "queries.jsonl").write_bytes(b"".join(lines[:2]) + lines[2][:20])
    killed._leases[first.slug].release()
    watch = Watch()
    require_complete(run(made, ObjectMirror(url, tmp_path / "here"), watch))
    assert watch.started[0] == (first.slug, 2)
    made.calls()


def test_a_cell_that_was_removed_there_is_not_brought_back(made: Sweep, tmp_path: Path, url: str) -> None:
    require_complete(run(made, ObjectMirror(url, tmp_path / "here"), Watch()))
    made.calls()
    first = made.cells[0]
    files, root = fsspec.core.url_to_fs(url)
    files.rm(f"{root}/{first.slug}", recursive=True)
    watch = Watch()
    require_complete(run(made, ObjectMirror(url, tmp_path / "here"), watch))
    assert watch.started == [(first.slug, 0)]
    assert len(made.calls()) == len(QUERIES)


def test_failed_cells_and_their_retry_are_copied(made: Sweep, tmp_path: Path, url: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAULTY_KILL_AT", "3")
        outcome = run(made, ObjectMirror(url, tmp_path / "one"), Watch(), processes=True)
    assert len(outcome.problems) == len(made.cells)
    elsewhere = ObjectMirror(url, tmp_path / "two")
    outcome = run(made, elsewhere, Watch())
    assert all("failed before" in problem for problem in outcome.problems.values())
    require_complete(run(made, ObjectMirror(url, tmp_path / "two"), Watch(), retry_failed=True))
    assert not any(name.endswith("failure.json") for name in names(url))
    made.calls()


def test_a_cell_that_a_process_of_this_machine_writes_is_left_alone(made: Sweep, tmp_path: Path, url: str) -> None:
    require_complete(run(made, ObjectMirror(url, tmp_path / "one"), Watch()))
    made.calls()
    first, second = made.cells
    here = ObjectMirror(url, tmp_path / "two")
    (here.folder / ".slurm").mkdir()
    (here.folder / ".slurm" / "channel").touch()
    with CellWriter(here.folder, first.request):
        here.fetch()
        assert [path.name for path in (here.folder / first.slug).iterdir()] == ["request.json"]
    assert (here.folder / second.slug / "summary.json").is_file()
    assert (here.folder / ".slurm" / "channel").is_file(), "no cell"
    here.fetch()
    assert (here.folder / first.slug / "summary.json").is_file()


@pytest.mark.parametrize("url", ["memory", "s3"], indirect=True)
def test_leases(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files, root = fsspec.core.url_to_fs(url)
    first, second, third = (Lease(files, f"{root}/lease") for _ in range(3))
    assert first.acquire()
    assert not second.acquire()
    assert first.renew()
    assert second.held_by_anybody()
    now = time.time()
    monkeypatch.setattr(lease.time, "time", lambda: now + 2 * lease.VALID)
    assert not second.held_by_anybody()
    assert second.acquire()
    assert not third.acquire()
    assert not first.renew(), "it ran out and was taken over"
    first.release()
    assert second.renew()
    second.release()
    assert not third.held_by_anybody()
    assert third.acquire()


@pytest.mark.parametrize("url", ["memory", "s3"], indirect=True)
def test_of_two_that_look_at_the_same_time_one_gets_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files, root = fsspec.core.url_to_fs(url)
    first, second = (Lease(files, f"{root}/lease") for _ in range(2))
    seen = second._numbers()
    assert first.acquire()
    monkeypatch.setattr(second, "_numbers", lambda: seen)
    assert not second.acquire()


def test_commands_take_urls(made: Sweep, tmp_path: Path, s3: str, cache: Path) -> None:
    url = f"{s3}/{tmp_path.name}"
    require_complete(run(made, ObjectMirror(url, tmp_path / "here"), Watch()))
    made.calls()
    status = command("status", url)
    assert "2 of 2 cells complete" in status.out
    diff = command("diff", url, tmp_path / "here")
    assert diff.status == 0
    built = command("leaderboard", "build", "--results", url, "--out", tmp_path / "site")
    assert built.status == 0
    assert (tmp_path / "site" / "index.html").is_file()
    assert len(read_cells(at_hand(url))) == 2


def test_a_store_that_cannot_be_reached() -> None:
    with pytest.raises(UserError, match=r"^nonsense://bucket/a: "):
        ObjectMirror("nonsense://bucket/a")
