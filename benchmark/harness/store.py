"""Cell folders on disk: append-only lines, atomic finals, one writer."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout
from pydantic import ValidationError

from benchmark.errors import UserError
from benchmark.harness.record import CellRequest, CellSummary, Machine, QueryRecord, Standing

REQUEST, MACHINE, LINES, SUMMARY, RUN, STANDING = (
    "request.json",
    "machine.json",
    "queries.jsonl",
    "summary.json",
    "run.trec",
    "standing.json",
)


@dataclass(frozen=True)
class Cell:
    """A cell folder as it was read.

    Attributes:
        machine: None before the first query; summary: None until every query has its line.
        standing: how far it was checked; None for a run of one's own.
    """

    folder: Path
    request: CellRequest
    machine: Machine | None
    records: tuple[QueryRecord, ...]
    summary: CellSummary | None
    standing: Standing | None = None


def read_cells(results: Path) -> list[Cell]:
    """Every cell below ``results``, by folder name; UserError naming every unreadable one."""
    if not results.is_dir():
        raise UserError(f"{results}: no such results folder. Run a suite first: rerankbench run demo.")
    cells: list[Cell] = []
    problems: list[str] = []
    for path in sorted(results.glob(f"*/{REQUEST}")):
        try:
            cells.append(read_cell(path.parent))
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    return cells


def read_cell(folder: Path) -> Cell:
    """One cell. An incomplete last line (the writer was killed in the middle of it) is left out.

    Raises:
        UserError: a file that is not what it should be.
    """
    try:
        request = CellRequest.model_validate_json((folder / REQUEST).read_bytes())
        machine = (folder / MACHINE).read_bytes() if (folder / MACHINE).is_file() else None
        summary = (folder / SUMMARY).read_bytes() if (folder / SUMMARY).is_file() else None
        standing = (folder / STANDING).read_bytes() if (folder / STANDING).is_file() else None
        return Cell(
            folder,
            request,
            Machine.model_validate_json(machine) if machine is not None else None,
            tuple(_complete_lines(folder / LINES)),
            CellSummary.model_validate_json(summary) if summary is not None else None,
            Standing.model_validate_json(standing) if standing is not None else None,
        )
    except ValidationError as error:
        raise UserError(f"{folder}: not a readable cell ({_first(error)}). Delete the folder.") from None


class CellWriter:
    """The only writer of a cell's folder, as a context manager.

    Args:
        results: folder of all cells; request: the cell.

    Raises:
        UserError: another process writes this cell, or the folder holds another request.
    """

    def __init__(self, results: Path, request: CellRequest) -> None:
        self.folder = results / request.slug
        self.request = request
        self._lock = FileLock(results / f".{request.slug}.lock")

    def __enter__(self) -> CellWriter:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(f"{self.folder.name}: another process is running this cell. Wait for it.") from None
        try:
            self._check_request()
            self._cut_torn_line()
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def records(self) -> list[QueryRecord]:
        """Queries that have their line."""
        return _complete_lines(self.folder / LINES)

    def write_machine(self, machine: Machine) -> Machine:
        """Say on what the cell runs; a resumed cell keeps its first record. Returns what is kept."""
        path = self.folder / MACHINE
        if path.is_file():
            return Machine.model_validate_json(path.read_bytes())
        write_atomic(path, pretty(machine.model_dump(mode="json")))
        return machine

    def append(self, record: QueryRecord) -> None:
        """Add one line and force it to disk."""
        with (self.folder / LINES).open("ab") as stream:
            stream.write(record.model_dump_json().encode("utf-8") + b"\n")
            stream.flush()
            os.fsync(stream.fileno())

    def finish(self, summary: CellSummary, run: str) -> None:
        """Write run file and summary; the summary, last, makes the cell complete."""
        write_atomic(self.folder / RUN, run)
        write_atomic(self.folder / SUMMARY, pretty(summary.model_dump(mode="json")))

    def _release(self) -> None:
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)

    def _check_request(self) -> None:
        """Write what is asked, or compare with what was asked before."""
        path = self.folder / REQUEST
        if not path.is_file():
            write_atomic(path, pretty(self.request.model_dump(mode="json")))
        elif read_cell(self.folder).request != self.request:
            raise UserError(f"{self.folder}: holds the result of another request. Move the folder away.")

    def _cut_torn_line(self) -> None:
        path = self.folder / LINES
        if not path.is_file():
            return
        data = path.read_bytes()
        end = data.rfind(b"\n") + 1
        if end < len(data):
            with path.open("r+b") as stream:
                stream.truncate(end)


def write_atomic(path: Path, text: str) -> None:
    """Write a file so that readers see the old content or the new, never a part."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def pretty(value: object) -> str:
    """Indented JSON with a final newline."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _complete_lines(path: Path) -> list[QueryRecord]:
    if not path.is_file():
        return []
    data = path.read_bytes()
    complete = data[: data.rfind(b"\n") + 1]
    records = []
    for number, line in enumerate(complete.splitlines(), 1):
        try:
            records.append(QueryRecord.model_validate_json(line))
        except ValidationError as error:
            raise UserError(
                f"{path}:{number}: not a query's record ({_first(error)}). Delete the line to have the query run anew."
            ) from None
    return records


def _first(error: ValidationError) -> str:
    item = error.errors()[0]
    field = ".".join(str(part) for part in item["loc"])
    return f"{field}: {item['msg']}" if field else item["msg"]
