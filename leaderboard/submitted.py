"""Submissions as cells: checked and computed once, and kept by the hash of everything that was looked at."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import benchmark
from benchmark.errors import UserError
from benchmark.harness.store import pretty, write_atomic
from benchmark.hashing import sha256_json, sha256_sources
from benchmark.submissions.ingest import FEW, accept, copies, folders
from benchmark.submissions.limits import entries
from benchmark.submissions.record import RECORDS, Verification
from benchmark.submissions.trust import read_records
from benchmark.submissions.validate import check
from leaderboard.pages import Refused
from leaderboard.stamps import Stamps, files_of

REPORT = "report.json"
"""Written last: a folder without it was not finished."""


@dataclass(frozen=True)
class Submitted:
    """What became of all submissions.

    Attributes:
        cells: folders of the good ones' cells, and what is to be said of each beside the others; often nothing.
        refused: the other submissions, with their problems.
    """

    cells: dict[Path, str]
    refused: tuple[Refused, ...]


@dataclass(frozen=True)
class _Task:
    root: Path
    name: str
    records: tuple[Verification, ...]
    out: Path


def ingest(roots: Sequence[Path], kept: Path, stamps: Stamps, jobs: int = 1) -> Submitted:
    """Check the submissions in some folders; what is unchanged since an earlier call is not checked again.

    Args:
        roots: folders of submissions, each with its maintainers' ``records``.
        kept: where cells stay between builds.
        jobs: processes.

    Raises:
        UserError: a folder is missing, or a maintainer's record is not readable; never for what a submission holds.
    """
    code = _code()
    tasks = [task for root in roots for task in _tasks(root, kept, stamps, code)]
    _run([task for task in tasks if not (task.out / REPORT).is_file()], jobs)
    cells: list[Path] = []
    orders: list[tuple[str, str]] = []
    refused: list[Refused] = []
    for task in tasks:
        report = json.loads((task.out / REPORT).read_bytes())
        if report["problems"]:
            refused.append(Refused(task.name, tuple(report["problems"])))
        for name, order in report["cells"]:
            cells.append(task.out / name)
            orders.append((task.name, order))
    return Submitted(dict(zip(cells, copies(orders), strict=True)), tuple(refused))


def _tasks(root: Path, kept: Path, stamps: Stamps, code: str) -> Iterator[_Task]:
    records = read_records(root / RECORDS)
    for folder in folders(root):
        try:
            held: object = files_of(stamps.look(folder, sorted(entries(folder)))[0])
        except UserError as error:
            held = error.problems
        own = tuple(record for record in records if record.submission == folder.name)
        key = sha256_json([code, folder.name, held, [record.model_dump(mode="json") for record in own]])
        yield _Task(root, folder.name, own, kept / key)


def _code() -> str:
    """Hash of everything that computes a cell or is compared with: this package with its catalogue and data."""
    folder = Path(benchmark.__file__).parent
    catalogue = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("catalogue/*.yaml"))}
    return sha256_json([sha256_sources(folder, "benchmark"), catalogue])


def _run(tasks: Sequence[_Task], jobs: int) -> None:
    if jobs == 1 or len(tasks) <= FEW:
        for task in tasks:
            _ingest(task)
        return
    # Fresh processes: torch's and numba's threads do not survive a fork.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for _ in pool.map(_ingest, tasks, chunksize=max(1, min(50, len(tasks) // (4 * jobs)))):
            pass


def _ingest(task: _Task) -> None:
    """Check one submission and write its cells; the finished folder appears at once."""
    task.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=task.out.parent) as scratch:
        new = Path(scratch) / "new"
        new.mkdir()
        report = check(task.root / task.name)
        written = accept(task.root, report, task.records, new)
        orders = [checked.order_sha256 for checked in report.runs]
        cells = [[path.name, order] for path, order in zip(written, orders, strict=False)]
        write_atomic(new / REPORT, pretty({"problems": report.problems, "cells": cells}))
        shutil.rmtree(task.out, ignore_errors=True)
        new.rename(task.out)
