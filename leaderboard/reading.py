"""Cells as the leaderboard holds them: small, because there may be tens of thousands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmark.errors import UserError
from benchmark.harness.store import REQUEST, Cell, read_cell
from leaderboard.rows import PRIMARY, Topics


@dataclass(frozen=True)
class Entry:
    """One cell.

    Attributes:
        cell: without its lines and values by topic once it has a summary; `Row.full` reads them again.
        topics: None without a summary; key: the same for a run that lies in two folders.
    """

    cell: Cell
    topics: Topics | None
    key: tuple[str, ...]


class Reader:
    """Makes entries; topics of the same names share them."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], tuple[str, ...]] = {}

    def entry(self, cell: Cell) -> Entry:
        """The entry of a cell, read with its lines or without."""
        summary = cell.summary
        machine = cell.machine.model_dump_json() if cell.machine else ""
        if summary is None:
            return Entry(cell, None, (cell.request.identity, machine, f"{len(cell.records)}"))
        by_topic = summary.metrics.per_query.get(PRIMARY, {})
        qids = tuple(sorted(by_topic))
        values = np.array([by_topic[qid] for qid in qids], dtype=np.float64)
        metrics = summary.metrics.model_copy(update={"per_query": {}})
        light = replace(
            cell,
            # The last failure is the reason that is given where all failed.
            records=cell.records[-1:] if summary.failed >= summary.queries else (),
            summary=summary.model_copy(update={"metrics": metrics}),
        )
        topics = Topics(self._known.setdefault(qids, qids), values)
        return Entry(light, topics, (cell.request.identity, machine, summary.finished))

    def read(self, folder: Path) -> Entry:
        """The entry of a cell's folder; UserError where it is not readable."""
        cell = read_cell(folder, lines=False)
        if cell.summary is None or cell.summary.failed >= cell.summary.queries:
            cell = read_cell(folder)
        return self.entry(cell)


def entries(cells: Iterable[Cell]) -> list[Entry]:
    """Entries of cells that were read."""
    reader = Reader()
    return [reader.entry(cell) for cell in cells]


def read(folders: Sequence[Path], cells: Mapping[Path, str] | None = None) -> list[Entry]:
    """Every cell of some results folders, and submitted cells with what is to be said of each (empty: nothing).

    Raises:
        UserError: naming every folder that is missing and every cell that is not readable.
    """
    reader = Reader()
    found: list[Entry] = []
    problems = [
        f"{folder}: no such results folder. Run a suite first: rerankbench run demo."
        for folder in folders
        if not folder.is_dir()
    ]
    inside = (path.parent for folder in folders for path in sorted(folder.glob(f"*/{REQUEST}")))
    told = cells or {}
    for folder in (*inside, *told):
        try:
            found.append(_flagged(reader.read(folder), told.get(folder, "")))
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    return found


def _flagged(entry: Entry, flag: str) -> Entry:
    standing = entry.cell.standing
    if not flag or standing is None:
        return entry
    marked = standing.model_copy(update={"flags": (*standing.flags, flag)})
    return replace(entry, cell=replace(entry.cell, standing=marked))
