"""Cells as the leaderboard holds them: small, because there may be tens of thousands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel

from benchmark.errors import UserError
from benchmark.harness.store import FAILURE, RECORDS, REQUEST, Cell, content_of, parsed, read_lines
from benchmark.hashing import sha256_bytes
from leaderboard import offered
from leaderboard.forks import spread
from leaderboard.offered import FILES, DataFile
from leaderboard.rows import PRIMARY, Topics
from leaderboard.stamps import Known, Stamps

AT_ONCE = 1000
"""Cells whose files one process reads, one after the other."""

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


class Look(NamedTuple):
    """A cell's folder as it was looked at.

    Attributes:
        known: what `Stamps` knows of it; contents: of the files that are read as a whole; problems: often none.
    """

    known: Known
    contents: Mapping[str, bytes]
    problems: tuple[str, ...] = ()


class Reader:
    """Reads cells; what several of them have in common is kept once."""

    def __init__(self) -> None:
        self._parts: dict[str, BaseModel] = {}
        self._canonical: dict[int, str] = {}
        self._qids: dict[tuple[str, ...], tuple[str, ...]] = {}

    def read(self, folder: Path, look: Look, flag: str = "") -> Entry:
        """A cell's folder, which was looked at; ``flag``: what is to be said of a submitted one, often nothing.

        Raises:
            UserError: a file of it is not what it should be.
        """
        cell = parsed(folder, look.contents)
        summary, standing, request = cell.summary, cell.standing, cell.request
        failed = summary is not None and summary.failed >= summary.queries
        if failed or summary is None:
            cell = replace(cell, records=tuple(read_lines(folder)))
        if flag and standing is not None:
            standing = standing.model_copy(update={"flags": (*standing.flags, flag)})
            cell = replace(cell, standing=standing)
        for name in ("method", "backbone", "collection"):
            object.__setattr__(request, name, self._shared(getattr(request, name)))
        identity = request.identity_with(self._canonical)
        machine = sha256_bytes(cell.machine.model_dump_json().encode()) if cell.machine else ""
        records: list[BaseModel | None] = [cell.machine, standing, summary]
        if summary is None:
            _slim(records)
            return Entry(cell, identity, None, (identity, machine, f"{len(cell.records)}"), offered.of(look.known))
        _slim([*records, summary.metrics, summary.cost, summary.latency, summary.memory])
        by_topic = summary.metrics.per_query.get(PRIMARY, {})
        qids = tuple(sorted(by_topic))
        values = np.array([by_topic[qid] for qid in qids], dtype=np.float64)
        summary.metrics.per_query.clear()
        if failed:
            # The last failure is the reason that is given where all failed.
            cell = replace(cell, records=cell.records[-1:])
        topics = Topics(self._qids.setdefault(qids, qids), values)
        return Entry(cell, identity, topics, (identity, machine, summary.finished), offered.of(look.known))

    def _shared(self, part: BaseModel | None) -> BaseModel | None:
        return None if part is None else self._parts.setdefault(f"{type(part)}{part.model_dump_json()}", part)


def read(
    folders: Sequence[Path], cells: Mapping[Path, str] | None = None, stamps: Stamps | None = None, jobs: int = 1
) -> list[Entry]:
    """Every cell of some results folders, and submitted cells with what is to be said of each (empty: nothing).

    Args:
        stamps: knows the hashes of files; jobs: processes.

    Raises:
        UserError: naming every folder that is missing and every cell that is not readable.
    """
    problems = [
        f"{folder}: no such results folder. Run a suite first: rerankbench run demo."
        for folder in folders
        if not folder.is_dir()
    ]
    told, stamps = cells or {}, stamps or Stamps()
    inside = [path.parent for folder in folders for path in sorted(folder.glob(f"*/{REQUEST}"))] + [*told]
    parts = [inside[start : start + AT_ONCE] for start in range(0, len(inside), AT_ONCE)]
    reader, entries = Reader(), []
    # Other processes read and hash files only: to hand a cell over takes as long as to parse it.
    looks = spread(lambda number: [look(folder, stamps) for folder in parts[number]], len(parts), jobs)
    for folder, found in zip(inside, chain.from_iterable(looks), strict=True):
        stamps.add(folder, found.known)
        try:
            if found.problems:
                raise UserError(found.problems)
            entries.append(reader.read(folder, found, told.get(folder, "")))
        except UserError as error:
            problems += error.problems
    stamps.forget()
    if problems:
        raise UserError(problems)
    return entries


def look(folder: Path, stamps: Stamps) -> Look:
    """Look at a cell's folder."""
    try:
        known, contents = stamps.look(folder, FILES, RECORDS)
    except UserError as error:
        return Look("", {}, error.problems)
    failure = content_of(f"{folder}/{FAILURE}")
    return Look(known, contents if failure is None else {**contents, FAILURE: failure})


def _slim(records: Sequence[BaseModel | None]) -> None:
    """Forget which fields were given and which are defaults: nothing here asks, and it takes a third of the memory."""
    for record in records:
        if record is not None:
            object.__setattr__(record, "__pydantic_fields_set__", _GIVEN)
