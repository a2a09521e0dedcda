"""JSON Schemas of the records, for readers in other languages: ``python -m benchmark.harness.schemas [FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmark.harness.record import CellFailure, CellRequest, CellSummary, Machine, QueryRecord
from benchmark.harness.store import pretty, write_atomic
from benchmark.schema import Strict
from benchmark.timing.record import Timing

FILES: dict[str, type[Strict]] = {
    "request.json": CellRequest,
    "machine.json": Machine,
    "sessions.jsonl": Machine,
    "queries.jsonl": QueryRecord,
    "timing.json": Timing,
    "failure.json": CellFailure,
    "summary.json": CellSummary,
}
"""What each file of a cell holds; of lines every one."""

FOLDER = Path("docs/schema")


def schemas() -> dict[str, str]:
    """JSON Schema (draft 2020-12) as text, by file name, such as ``request.schema.json``."""
    found = {}
    for name, model in FILES.items():
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | model.model_json_schema()
        found[f"{Path(name).stem}.schema.json"] = pretty(schema)
    return found


def write(folder: Path) -> None:
    """Write all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        write_atomic(folder / name, text)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
