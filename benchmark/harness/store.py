"""Cell folders on disk: append-only lines, atomic finals, one writer."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from benchmark.errors import UserError
from benchmark.harness.lock import Lock
from benchmark.harness.record import CellFailure, CellRequest, CellSummary, Machine, QueryRecord, Standing
from benchmark.timing.record import Timing

REQUEST, MACHINE, SESSIONS, LINES, TIMING, FAILURE, SUMMARY, RUN, STANDING = (
    "request.json",
    "machine.json",
    "sessions.jsonl",
    "queries.jsonl",
    "timing.json",
    "failure.json",
    "summary.json",
    "run.trec",
    "standing.json",
)

RECORDS = (REQUEST, MACHINE, SESSIONS, TIMING, FAILURE, SUMMARY, STANDING)
"""Files that are read as a whole."""

Record = TypeVar("Record", bound=BaseModel)


@dataclass(frozen=True)
class Cell:
    """A cell folder as it was read.

    Attributes:
        machine: None before the first query; summary: None until every query has its line.
        failure: why its last worker ended early; None where none did.
        standing: how far it was checked; None for a run of one's own.
        timing: its last timed session; None without one.
        sessions: machines of the workers that went on with it after the first.
    """

    folder: Path
    request: CellRequest
    machine: Machine | None
    records: tuple[QueryRecord, ...]
    summary: CellSummary | None
    failure: CellFailure | None = None
    standing: Standing | None = None
    timing: Timing | None = None
    sessions: tuple[Machine, ...] = ()


def lock_file(results: Path, slug: str) -> Path:
    """What a cell's writer locks; beside the folder, which only holds results."""
    return results / f".{slug}.lock"


def read_cells(results: Path) -> list[Cell]:
    """Every cell below ``results``, by folder name; UserError naming every unreadable one."""
    if not results.is_dir():
        raise no_results(results)
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


def no_results(results: Path) -> UserError:
    """There is no such folder."""
    return UserError(f"{results}: no such results folder. Run a suite first: rerankbench run demo.")


def read_request(folder: Path) -> CellRequest:
    """What was asked of a cell; UserError for a file that is not what it should be."""
    try:
        return CellRequest.model_validate_json((folder / REQUEST).read_bytes())
    except ValidationError as error:
        raise UserError(f"{folder}: not a readable cell ({_first(error)}). Delete the folder.") from None


def read_cell(folder: Path, *, lines: bool = True) -> Cell:
    """One cell. An incomplete last line (the writer was killed in the middle of it) is left out.

    Args:
        lines: False leaves ``records`` empty, for readers of many cells that only want their summaries.

    Raises:
        UserError: a file that is not what it should be.
    """
    cell = parsed(folder, {name: data for name in RECORDS if (data := content_of(f"{folder}/{name}")) is not None})
    return replace(cell, records=tuple(read_lines(folder))) if lines else cell


def parsed(folder: Path, contents: Mapping[str, bytes]) -> Cell:
    """A cell without its lines from the contents of its files, those of `RECORDS` that are there.

    Raises:
        UserError: a file that is not what it should be, or no request.
    """

    def read(model: type[Record], name: str) -> Record | None:
        data = contents.get(name)
        return None if data is None else model.model_validate_json(data)

    try:
        return Cell(
            folder,
            CellRequest.model_validate_json(contents.get(REQUEST, b"")),
            read(Machine, MACHINE),
            (),
            read(CellSummary, SUMMARY),
            read(CellFailure, FAILURE),
            read(Standing, STANDING),
            read(Timing, TIMING),
            tuple(Machine.model_validate_json(line) for line in contents.get(SESSIONS, b"").splitlines()),
        )
    except ValidationError as error:
        raise UserError(f"{folder}: not a readable cell ({_first(error)}). Delete the folder.") from None


def read_lines(folder: Path) -> list[QueryRecord]:
    """A cell's queries that are finished; UserError for a line that is not a query's record."""
    return parsed_lines(folder, content_of(f"{folder}/{LINES}") or b"")


def parsed_lines(folder: Path, data: bytes) -> list[QueryRecord]:
    """The same from the content of a cell's `LINES`; an incomplete last line is left out."""
    records = []
    for number, line in enumerate(data[: data.rfind(b"\n") + 1].splitlines(), 1):
        try:
            records.append(QueryRecord.model_validate_json(line))
        except ValidationError as error:
            raise UserError(
                f"{folder / LINES}:{number}: not a query's record ({_first(error)}). "
                "Delete the line to have the query run anew."
            ) from None
    return records


def read_summary(folder: Path) -> CellSummary | None:
    """A cell's summary, None before it is complete; its lines are not read, of which there may be very many.

    Raises:
        UserError: a summary that is not what it should be, or of another request.
    """
    try:
        data = content_of(f"{folder}/{SUMMARY}")
        summary = None if data is None else CellSummary.model_validate_json(data)
    except ValidationError as error:
        raise UserError(f"{folder}: not a readable cell ({_first(error)}). Delete the folder.") from None
    if summary is not None and not folder.name.endswith(f".{summary.identity[:12]}"):
        raise UserError(f"{folder}: holds the summary of another request. Delete the folder.")
    return summary


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
        self._lock = Lock(lock_file(results, request.slug))

    def __enter__(self) -> CellWriter:
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._lock.acquire():
            raise UserError(f"{self.folder.name}: another process is running this cell. Wait for it.")
        try:
            self._check_request()
            self._cut_torn_line()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def records(self) -> list[QueryRecord]:
        """Queries that have their line."""
        return read_lines(self.folder)

    def write_machine(self, machine: Machine) -> Machine:
        """Say on what the cell runs; of a resumed one that is added to its sessions. Returns the first record."""
        path = self.folder / MACHINE
        if path.is_file():
            later = self.folder / SESSIONS
            before = later.read_text(encoding="utf-8") if later.is_file() else ""
            write_atomic(later, f"{before}{machine.model_dump_json()}\n")
            return Machine.model_validate_json(path.read_bytes())
        write_atomic(path, pretty(machine.model_dump(mode="json")))
        return machine

    def append(self, *records: QueryRecord) -> None:
        """Add a line each and force them to disk."""
        path = self.folder / LINES
        new = not path.exists()
        with path.open("ab") as stream:
            stream.write(b"".join(record.model_dump_json().encode("utf-8") + b"\n" for record in records))
            stream.flush()
            os.fsync(stream.fileno())
        if new:
            _sync_folder(self.folder)

    def append_text(self, text: str, known: Set[str]) -> list[QueryRecord]:
        """Add lines that another machine wrote, but for queries that are ``known``; those that were added."""
        records = [QueryRecord.model_validate_json(line) for line in text.splitlines()]
        new = list({record.qid: record for record in reversed(records) if record.qid not in known}.values())[::-1]
        if new:
            self.append(*new)
        return new

    def begun_files(self) -> dict[str, str]:
        """What another machine needs to go on with the cell."""
        paths = [self.folder / LINES, self.folder / MACHINE]
        return {path.name: path.read_text("utf-8") for path in paths if path.is_file()}

    def write_files(self, files: Mapping[str, str]) -> None:
        """Keep files that another machine wrote, in their order; what it was goes where `write_machine` puts it."""
        for name, text in files.items():
            if name == MACHINE:
                self.write_machine(Machine.model_validate_json(text))
            elif name == SESSIONS:
                for line in text.splitlines():
                    self.write_machine(Machine.model_validate_json(line))
            else:
                write_atomic(self.folder / name, text)

    def finish(self, summary: CellSummary, run: str) -> None:
        """Write run file and summary; the summary, last, makes the cell complete."""
        write_atomic(self.folder / RUN, run)
        write_atomic(self.folder / SUMMARY, pretty(summary.model_dump(mode="json")))

    def write_timing(self, timing: Timing) -> None:
        """Put a timed session that came to its end in the place of the last one."""
        write_atomic(self.folder / TIMING, pretty(timing.model_dump(mode="json")))

    def write_failure(self, failure: CellFailure) -> None:
        """Say why the cell is not complete."""
        write_atomic(self.folder / FAILURE, pretty(failure.model_dump(mode="json")))

    def retry(self, failed_queries: bool) -> None:
        """Forget why the cell failed, and on request also its failed queries, which are then run anew."""
        (self.folder / FAILURE).unlink(missing_ok=True)
        records = self.records()
        kept = [record for record in records if record.failure is None]
        if not failed_queries or len(kept) == len(records):
            return
        # First what makes the cell complete: killed in between, it goes on with whatever lines there are.
        (self.folder / SUMMARY).unlink(missing_ok=True)
        (self.folder / RUN).unlink(missing_ok=True)
        write_atomic(self.folder / LINES, "".join(record.model_dump_json() + "\n" for record in kept))

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
        _sync_folder(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Force a folder's entries to disk: a file's own sync does not make its name last."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def content_of(path: str) -> bytes | None:
    """A file's bytes, None where there is none."""
    try:
        return bytes_of(path)
    except FileNotFoundError:
        return None


def bytes_of(path: str) -> bytes:
    """A file's bytes. By the system's own calls, since Python's take longer than the reading of a small file."""
    number = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(number).st_size
        data = os.read(number, size)
        while len(data) < size and (more := os.read(number, size - len(data))):
            data += more
        return data
    finally:
        os.close(number)


def pretty(value: object) -> str:
    """Indented JSON with a final newline."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _first(error: ValidationError) -> str:
    item = error.errors()[0]
    field = ".".join(str(part) for part in item["loc"])
    return f"{field}: {item['msg']}" if field else item["msg"]
