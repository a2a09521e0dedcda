"""The exported JSON Schemas are those of the records."""

from __future__ import annotations

import json
from pathlib import Path

from benchmark.harness import schemas
from benchmark.harness.record import QueryRecord
from tests.support.records import query_record

EXPORTED = Path(__file__).parents[2] / "docs" / "schema"


def test_the_exported_schemas_are_current() -> None:
    there = {path.name: path.read_text(encoding="utf-8") for path in EXPORTED.iterdir()}
    # That of the page's own file is tested where it is made.
    del there["leaderboard.schema.json"]
    assert there == schemas.schemas(), "run: python -m benchmark.harness.schemas"


def test_every_file_of_a_cell_has_one(tmp_path: Path) -> None:
    schemas.write(tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "failure.schema.json",
        "machine.schema.json",
        "queries.schema.json",
        "request.schema.json",
        "sessions.schema.json",
        "summary.schema.json",
        "timing.schema.json",
    ]


def test_a_schema_names_every_field_of_a_line() -> None:
    schema = json.loads(schemas.schemas()["queries.schema.json"])
    assert set(schema["properties"]) == set(QueryRecord.model_fields)
    assert set(schema["required"]) <= set(query_record("q1", 1.0).model_dump())
    assert schema["additionalProperties"] is False
