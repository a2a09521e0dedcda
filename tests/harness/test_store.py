"""What is on disk after every step, and after every step that fails."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import IO

import pytest

from benchmark.errors import UserError
from benchmark.harness import store
from benchmark.harness.record import CellFailure, CellRequest, CellSummary, Cost, Metrics
from benchmark.harness.store import CellWriter, read_cell, read_cells, write_atomic
from tests.support.records import cell_request, machine, query_record

REQUEST = cell_request(backbone=True)


def summary(request: CellRequest = REQUEST) -> CellSummary:
    return CellSummary(
        identity=request.identity,
        finished="2024-01-01T00:00:00+00:00",
        queries=1,
        failed=0,
        metrics=Metrics(mean={}, per_query={}, interval={}),
        latency=None,
        memory=None,
        cost=Cost(forward_passes=1, prompt_tokens=1, completion_tokens=0),
        load_seconds=None,
    )


class FullDisk:
    """Stands in for a stream: takes a few bytes, then there is no space."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __enter__(self) -> FullDisk:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def write(self, text: str) -> int:
        self._stream.write(text[:5])
        self._stream.flush()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file that is opened for writing is on a full disk."""
    open_as_ever = Path.open

    def opened(path: Path, mode: str = "r", **options: object) -> object:
        stream = open_as_ever(path, mode, **options)  # type: ignore[call-overload]
        return FullDisk(stream) if set(mode) & set("wa") else stream

    monkeypatch.setattr(Path, "open", opened)


def test_a_line_is_on_disk_before_the_next_query_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    with CellWriter(tmp_path, REQUEST) as writer:
        lines = writer.folder / "queries.jsonl"

        def sync(number: int) -> None:
            if not stat.S_ISDIR(os.fstat(number).st_mode):
                synced.append(os.fstat(number).st_size)

        monkeypatch.setattr(store.os, "fsync", sync)
        for number in (1, 2, 3):
            writer.append(query_record(f"q{number}", 2.0, 1.0))
            assert len(lines.read_bytes().splitlines()) == number
            assert len(synced) == number
            assert synced[-1] == lines.stat().st_size
        assert [record.qid for record in writer.records()] == ["q1", "q2", "q3"]


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    records = [query_record("q1", 2.0, 0.1 + 0.2, 1e-30), query_record("q2", failure="says [ü] \u2028 \n no")]
    here = machine()
    with CellWriter(tmp_path, REQUEST) as writer:
        writer.write_machine(here)
        for record in records:
            writer.append(record)
        assert read_cell(writer.folder).summary is None
        writer.finish(summary(), "run\n")
    (cell,) = read_cells(tmp_path)
    assert (cell.request, cell.machine, cell.records, cell.summary) == (REQUEST, here, tuple(records), summary())
    assert cell.folder.name == REQUEST.slug
    assert (cell.folder / "run.trec").read_text() == "run\n"


def test_the_folder_name_is_readable_and_has_no_slash() -> None:
    assert REQUEST.slug == f"icr.default.owner--model.town.{REQUEST.identity[:12]}"
    assert cell_request().slug.startswith("icr.default.no-backbone.town.")


@pytest.mark.parametrize("torn", [b'{"qid": "q2", "doc', b"{", b'{"qid": "caf\xc3'])
def test_a_torn_last_line_is_not_read_and_cut_before_the_next(tmp_path: Path, torn: bytes) -> None:
    with CellWriter(tmp_path, REQUEST) as writer:
        writer.append(query_record("q1", 1.0, 0.0))
    lines = writer.folder / "queries.jsonl"
    whole = lines.read_bytes()
    lines.write_bytes(whole + torn)
    assert [record.qid for record in read_cell(writer.folder).records] == ["q1"]
    assert lines.read_bytes() == whole + torn, "reading must not write"
    with CellWriter(tmp_path, REQUEST) as writer:
        assert lines.read_bytes() == whole
        writer.append(query_record("q2", 1.0, 0.0))
        assert [record.qid for record in writer.records()] == ["q1", "q2"]


def test_a_file_that_is_all_torn_is_emptied(tmp_path: Path) -> None:
    with CellWriter(tmp_path, REQUEST) as writer:
        pass
    (writer.folder / "queries.jsonl").write_bytes(b'{"qid"')
    with CellWriter(tmp_path, REQUEST) as writer:
        assert writer.records() == []
        assert (writer.folder / "queries.jsonl").read_bytes() == b""


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    with CellWriter(tmp_path, REQUEST) as first:
        first.append(query_record("q1", 1.0, 0.0))
        with pytest.raises(UserError, match=rf"^{REQUEST.slug}: another process is running this cell\. Wait for it"):
            CellWriter(tmp_path, REQUEST).__enter__()
        first.append(query_record("q2", 1.0, 0.0))
        with CellWriter(tmp_path, cell_request(preset="other")):
            pass  # another cell is nobody's business
    with CellWriter(tmp_path, REQUEST) as second:
        assert len(second.records()) == 2
    assert not list(tmp_path.glob(".*")), "locks are left"


def test_a_folder_of_another_request_is_refused_and_not_locked(tmp_path: Path) -> None:
    with CellWriter(tmp_path, REQUEST) as writer:
        pass
    other = cell_request().model_dump_json()
    (writer.folder / "request.json").write_text(other)
    for _ in range(2):
        refused = CellWriter(tmp_path, REQUEST)
        with pytest.raises(UserError, match="holds the result of another request"):
            refused.__enter__()
        assert not list(tmp_path.glob(".*")), "the lock is left"
    assert (writer.folder / "request.json").read_text() == other


def test_a_resumed_cell_keeps_its_first_machine(tmp_path: Path) -> None:
    first, later = machine("first"), machine("later")
    with CellWriter(tmp_path, REQUEST) as writer:
        assert writer.write_machine(first) == first
    with CellWriter(tmp_path, REQUEST) as writer:
        assert writer.write_machine(later) == first
    assert read_cell(writer.folder).machine == first


def failure() -> CellFailure:
    return CellFailure(when="2024-01-01T00:00:00+00:00", kind="killed", message="by signal 9", last_lines=("a", "b"))


def test_a_failure_is_kept_until_the_cell_is_tried_again(tmp_path: Path) -> None:
    with CellWriter(tmp_path, REQUEST) as writer:
        writer.append(query_record("q1", 1.0, 0.0))
        writer.append(query_record("q2", failure="too long"))
        writer.write_failure(failure())
    assert read_cell(writer.folder).failure == failure()
    with CellWriter(tmp_path, REQUEST) as writer:
        writer.retry(failed_queries=False)
    cell = read_cell(writer.folder)
    assert cell.failure is None
    assert [record.qid for record in cell.records] == ["q1", "q2"]


def test_failed_queries_are_forgotten_on_request_and_the_cell_is_open_again(tmp_path: Path) -> None:
    with CellWriter(tmp_path, REQUEST) as writer:
        for number, reason in enumerate((None, "too long", None)):
            writer.append(query_record(f"q{number}", 1.0, 0.0, failure=reason))
        writer.finish(summary(), "run\n")
        kept = writer.records()[::2]
        writer.retry(failed_queries=True)
    cell = read_cell(writer.folder)
    assert list(cell.records) == kept
    assert cell.summary is None
    assert not (writer.folder / "run.trec").exists()


def test_without_a_failed_query_a_complete_cell_stays_complete(tmp_path: Path) -> None:
    with CellWriter(tmp_path, REQUEST) as writer:
        writer.append(query_record("q1", 1.0, 0.0))
        writer.finish(summary(), "run\n")
        writer.retry(failed_queries=True)
    assert read_cell(writer.folder).summary == summary()


def test_finals_are_whole_or_absent(tmp_path: Path, full_disk: None) -> None:
    with pytest.raises(OSError, match="No space left"):
        write_atomic(tmp_path / "summary.json", "a long text")
    assert list(tmp_path.iterdir()) == []


def test_a_final_that_cannot_be_replaced_keeps_its_old_content(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = tmp_path / "run.trec"
    write_atomic(path, "old content")
    request.getfixturevalue("full_disk")
    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, "new content")
    assert [item.name for item in tmp_path.iterdir()] == ["run.trec"]
    assert path.read_bytes() == b"old content"


def test_a_cell_is_complete_only_with_its_run_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The summary comes last: where it is, everything is."""
    order: list[str] = []
    monkeypatch.setattr(store, "write_atomic", lambda path, text: order.append(path.name))
    writer = CellWriter(tmp_path, REQUEST)
    writer.finish(summary(), "run\n")
    assert order == ["run.trec", "summary.json"]


def test_a_full_disk_leaves_lines_that_can_be_resumed(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    with CellWriter(tmp_path, REQUEST) as writer:
        writer.append(query_record("q1", 1.0, 0.0))
        request.getfixturevalue("full_disk")
        with pytest.raises(OSError, match="No space left"):
            writer.append(query_record("q2", 1.0, 0.0))
        assert [record.qid for record in writer.records()] == ["q1"]
    request.getfixturevalue("monkeypatch").undo()
    with CellWriter(tmp_path, REQUEST) as writer:
        writer.append(query_record("q2", 2.0, 0.0))
        assert [record.qid for record in writer.records()] == ["q1", "q2"]


DAMAGE = {
    "request.json": ("{}", r"method: Field required"),
    "machine.json": ("[]", r"not a readable cell"),
    "summary.json": ("", r"not a readable cell"),
    "queries.jsonl": ('{"qid": "q9"}\n', r"queries\.jsonl:1: not a query's record \(docids: Field required\)"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_unreadable_cells_are_named_all_at_once(tmp_path: Path, name: str) -> None:
    text, message = DAMAGE[name]
    requests = [cell_request(preset=preset) for preset in ("one", "two", "three")]
    for request in requests:
        with CellWriter(tmp_path, request) as writer:
            writer.append(query_record("q1", 1.0, 0.0))
    for request in requests[:2]:
        (tmp_path / request.slug / name).write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        read_cells(tmp_path)
    assert len(caught.value.problems) == 2
    for request in requests[:2]:
        assert any(str(tmp_path / request.slug) in problem for problem in caught.value.problems)


def test_a_line_in_the_middle_is_named_with_its_number(tmp_path: Path) -> None:
    with CellWriter(tmp_path, REQUEST) as writer:
        for number in (1, 2, 3):
            writer.append(query_record(f"q{number}", 1.0, 0.0))
    lines = (writer.folder / "queries.jsonl").read_text().splitlines()
    values = json.loads(lines[1]) | {"seconds": "soon"}
    (writer.folder / "queries.jsonl").write_text("\n".join([lines[0], json.dumps(values), lines[2]]) + "\n")
    with pytest.raises(UserError, match=r"queries\.jsonl:2: not a query's record \(seconds: .* Delete the line"):
        read_cell(writer.folder)


def test_no_results_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no such results folder\. Run a suite first"):
        read_cells(tmp_path / "absent")
    assert read_cells(tmp_path) == []


def test_a_file_is_read_to_its_end_however_little_comes_at_a_time(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").write_bytes(bytes(range(100)))
    whole = os.read
    monkeypatch.setattr(os, "read", lambda number, size: whole(number, min(size, 7)))
    assert store.bytes_of(f"{tmp_path}/file") == bytes(range(100))
    (tmp_path / "file").write_bytes(b"")
    assert store.bytes_of(f"{tmp_path}/file") == b""
    with pytest.raises(FileNotFoundError):
        store.bytes_of(f"{tmp_path}/missing")
