"""Tables as files for other programs: JSON, and CSV that is safe to open in a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

Value = str | float | int | bool | None

LICENCE = "CC0-1.0"
"""Of the numbers: no right of ours in them is kept. Run files keep their submitters' licences."""

_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)

_FORMULA = re.compile(r"[\s\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]*[=+\-@|%＝＋－＠]|[\t\r\n]")
"""What a spreadsheet takes for the beginning of a formula or command; also in full width, and behind hidden signs."""


@dataclass(frozen=True)
class DataTable:
    """The data behind a table of a page.

    Attributes:
        name: of its files, without ending; unique in the site.
        rows: values in the order of ``columns``; None where there is none.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


def as_json(table: DataTable) -> str:
    """An object a row, each on a line of its own, with what the table is and the licence of the data."""
    head = _JSON.encode({"schema_version": 1, "title": table.title, "licence": LICENCE})
    rows = _JSON.encode([dict(zip(table.columns, row, strict=True)) for row in table.rows])
    # Between rows only: in a text the quotation mark would come after a backslash.
    lines = rows[1:-1].replace('}, {"', '},\n{"')
    return f'{head[:-1]}, "rows": [\n{lines}\n]}}\n'


def as_csv(table: DataTable) -> str:
    """RFC 4180 with a header; text that a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    rows = (table.columns, *table.rows)
    writer.writerows([[_safe(value) if isinstance(value, str) else value for value in row] for row in rows])
    return out.getvalue()


@lru_cache(1 << 14)
def _safe(value: str) -> str:
    """For texts only: a negative number is no formula."""
    return f"'{value}" if _FORMULA.match(value) else value


def table_files(tables: Sequence[DataTable]) -> dict[str, str]:
    """JSON and CSV of each, by their path in the site."""
    found = {}
    for table in tables:
        found[f"data/tables/{table.name}.json"] = as_json(table)
        found[f"data/tables/{table.name}.csv"] = as_csv(table)
    return found
