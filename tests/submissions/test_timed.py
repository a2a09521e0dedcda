"""A timed session travels with its run, and one that cannot be is refused."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.harness.store import SESSIONS, TIMING, pretty, read_cells
from benchmark.submissions.validate import check
from tests.support.command import command
from tests.support.forgery import Values, describe
from tests.support.records import timed_query, timing


@pytest.fixture
def timed(packed: Path, tmp_path: Path) -> Path:
    """A submission of a cell with a session of two topics."""
    results = Path(shutil.copytree(packed.parent / "results", tmp_path / "results"))
    (cell,) = read_cells(results)
    first, second = (record.qid for record in cell.records[:2])
    session = timing(
        timed_query(first, (0.5, 0.4), (0.2, 0.2), (0.01, 0.01)),
        timed_query(second, (0.7, 0.6), None, (0.01, 0.02)),
        request=cell.request,
    )
    (cell.folder / TIMING).write_text(pretty(session.model_dump(mode="json")))
    # It was stopped once, and went on.
    assert cell.machine is not None
    again = cell.machine.model_copy(update={"started": "2026-11-22T08:00:00+00:00", "processor": "Another One"})
    (cell.folder / SESSIONS).write_text(again.model_dump_json() + "\n")
    done = command("submit", results, "--out", tmp_path / "submissions", "--contact", "somebody")
    assert done.status == 0, done.err
    (folder,) = (tmp_path / "submissions").iterdir()
    return folder


@pytest.mark.slow
def test_it_arrives_as_it_was(timed: Path, tmp_path: Path) -> None:
    assert command("ingest", timed.parent, "--out", tmp_path / "cells").status == 0
    (ours,), (theirs,) = read_cells(tmp_path / "results"), read_cells(tmp_path / "cells")
    assert theirs.timing is not None
    assert theirs.timing == ours.timing
    assert len(theirs.sessions) == 1
    assert theirs.sessions == ours.sessions
    assert theirs.summary == ours.summary


def spoil(timed: Path, change: Callable[[Values], object]) -> list[str]:
    """Problems of the submission with a changed session and its hash."""
    (path,) = (timed / "runs").glob("*.timing.json.gz")
    values = json.loads(gzip.decompress(path.read_bytes()))
    change(values)
    data = json.dumps(values).encode()
    path.write_bytes(gzip.compress(data))
    describe(timed, lambda whole: whole["runs"][0].update(timing_sha256=hashlib.sha256(data).hexdigest()))
    return check(timed).problems


FORGERIES: dict[str, tuple[Callable[[Values], object], str]] = {
    "of another cell": (lambda values: values.update(identity="0" * 64), "is of another request"),
    "of another topic": (lambda values: values["queries"][0].update(qid="q99"), "'q99' is not in the collection"),
    "of a topic twice": (lambda values: values.update(queries=values["queries"][:1] * 2), "a topic twice"),
    "in no time": (lambda values: values["queries"][0].update(seconds=[0.0, 0.0]), "times that cannot be"),
    "before it began": (lambda values: values["queries"][0].update(tokenise_seconds=[-1, 0]), "times that cannot be"),
    "with fewer repeats": (lambda values: values["queries"][0].update(seconds=[0.1]), "not one a repeat"),
    "against nothing": (lambda values: values["queries"][0].update(reference_seconds=[0, 0.1]), "times that cannot be"),
    "beyond belief": (lambda values: values["machine"].update(memory_bytes=10**300), "a number out of range"),
    "that is none": (lambda values: values.update(load_seconds=float("nan")), "load_seconds"),
    "with a median": (lambda values: values.update(median=0.001), "unknown option 'median'"),
    "at no time": (lambda values: values.update(started="<script>"), "started '<script>'"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_sessions_that_cannot_be(name: str, timed: Path) -> None:
    change, problem = FORGERIES[name]
    found = spoil(timed, change)
    assert any(problem in line for line in found), found


def test_a_session_that_is_not_declared_or_not_there(timed: Path) -> None:
    (path,) = (timed / "runs").glob("*.timing.json.gz")
    data = path.read_bytes()
    path.write_bytes(gzip.compress(b"[" * 100_000))
    assert any("timing: sha256 is" in line for line in check(timed).problems)
    path.unlink()
    assert any("timing.json.gz: missing" in line for line in check(timed).problems)
    path.write_bytes(data)
    describe(timed, lambda values: values["runs"][0].update(timing_sha256=None))
    assert check(timed).problems == [f"runs/{path.name}: does not belong into a submission."]
