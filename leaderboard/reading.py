"""Cells as the leaderboard holds them: small, because there may be tens of thousands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from benchmark.errors import UserError
from benchmark.harness.store import REQUEST, Cell, read_cell
from benchmark.hashing import sha256_bytes
from leaderboard import offered
from leaderboard.forks import spread
from leaderboard.offered import DataFile
from leaderboard.rows import PRIMARY, Topics
from leaderboard.stamps import Known, Stamps

AT_ONCE = 1000
"""Cells that one process reads, one after the other."""

_GIVEN: set[str] = set()


@dataclass(frozen=True)
class Entry:
    """One cell.

    Attributes:
        cell: without its lines and values by topic once it has a summary; its page reads the lines again.
        identity: of its request.
        topics: None without a summary; key: the same for a run that lies in two folders.
        files: what is offered of it.
    """

    cell: Cell
    identity: str
    topics: Topics | None
    key: tuple[str, ...]
    files: tuple[DataFile, ...] = ()


@dataclass(frozen=True)
class _Read:
    """What became of a folder: its entry, or problems; and the hashes of its files."""

    entry: Entry | None
    problems: tuple[str, ...] = ()
    hashes: Known = ""


class Reader:
    """Reads cells; what several of them have in common is kept once.

    Args:
        stamps: knows the hashes of files; without them no files are offered.
    """

    def __init__(self, stamps: Stamps | None = None) -> None:
        self._stamps = stamps
        self._parts: dict[str, BaseModel] = {}
        self._canonical: dict[int, str] = {}

    def read(self, folder: Path) -> _Read:
        """A cell's folder."""
        try:
            cell = read_cell(folder, lines=False)
            if cell.summary is None or cell.summary.failed >= cell.summary.queries:
                cell = read_cell(folder)
            entry = self._entry(cell)
            if self._stamps is None:
                return _Read(entry)
            files = offered.of(folder, self._stamps)
            return _Read(replace(entry, files=files), hashes=self._stamps.of(folder))
        except UserError as error:
            return _Read(None, error.problems)

    def _entry(self, cell: Cell) -> Entry:
        summary = cell.summary
        records: list[BaseModel | None] = [cell.machine, cell.standing, summary]
        if summary is not None:
            records += [summary.metrics, summary.cost, summary.latency, summary.memory]
        for record in records:
            _slim(record)
        parts = {name: self._shared(getattr(cell.request, name)) for name in ("method", "backbone", "collection")}
        request = cell.request.model_copy(update=parts)
        identity = request.identity_with(self._canonical)
        machine = sha256_bytes(cell.machine.model_dump_json().encode()) if cell.machine else ""
        if summary is None:
            key = (identity, machine, f"{len(cell.records)}")
            return Entry(replace(cell, request=request), identity, None, key)
        by_topic = summary.metrics.per_query.get(PRIMARY, {})
        qids = tuple(sorted(by_topic))
        values = np.array([by_topic[qid] for qid in qids], dtype=np.float64)
        metrics = summary.metrics.model_copy(update={"per_query": {}})
        light = replace(
            cell,
            request=request,
            # The last failure is the reason that is given where all failed.
            records=cell.records[-1:] if summary.failed >= summary.queries else (),
            summary=summary.model_copy(update={"metrics": metrics}),
        )
        return Entry(light, identity, Topics(qids, values), (identity, machine, summary.finished))

    def _shared(self, part: BaseModel | None) -> BaseModel | None:
        return None if part is None else self._parts.setdefault(f"{type(part)}{part.model_dump_json()}", part)


def read(
    folders: Sequence[Path], cells: Mapping[Path, str] | None = None, stamps: Stamps | None = None, jobs: int = 1
) -> list[Entry]:
    """Every cell of some results folders, and submitted cells with what is to be said of each (empty: nothing).

    Args:
        stamps: see `Reader`; jobs: processes.

    Raises:
        UserError: naming every folder that is missing and every cell that is not readable.
    """
    problems = [
        f"{folder}: no such results folder. Run a suite first: rerankbench run demo."
        for folder in folders
        if not folder.is_dir()
    ]
    told = cells or {}
    inside = [path.parent for folder in folders for path in sorted(folder.glob(f"*/{REQUEST}"))] + [*told]
    parts = [inside[start : start + AT_ONCE] for start in range(0, len(inside), AT_ONCE)]

    def work(number: int) -> list[_Read]:
        reader = Reader(stamps)
        return [reader.read(folder) for folder in parts[number]]

    found: list[Entry] = []
    known: dict[tuple[str, ...], tuple[str, ...]] = {}
    for part, several in zip(parts, spread(work, len(parts), jobs), strict=True):
        for folder, each in zip(part, several, strict=True):
            problems += each.problems
            if each.entry is not None:
                found.append(_flagged(_with_qids(each.entry, known), told.get(folder, "")))
            if stamps is not None:
                stamps.add(folder, each.hashes)
    if stamps is not None:
        stamps.forget()
    if problems:
        raise UserError(problems)
    return found


def _slim(record: BaseModel | None) -> None:
    """Forget which fields were given and which are defaults: nothing here asks, and it takes a third of the memory."""
    if record is not None:
        object.__setattr__(record, "__pydantic_fields_set__", _GIVEN)


def _with_qids(entry: Entry, known: dict[tuple[str, ...], tuple[str, ...]]) -> Entry:
    """The entry with the same names of topics, as an object, as all that have these topics."""
    if entry.topics is None:
        return entry
    qids = entry.topics.qids
    return replace(entry, topics=Topics(known.setdefault(qids, qids), entry.topics.values))


def _flagged(entry: Entry, flag: str) -> Entry:
    standing = entry.cell.standing
    if not flag or standing is None:
        return entry
    marked = standing.model_copy(update={"flags": (*standing.flags, flag)})
    return replace(entry, cell=replace(entry.cell, standing=marked))
