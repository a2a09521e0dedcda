import csv
import io
import json

import pytest

from leaderboard.export import DataTable, as_csv, as_json, table_files


def table(*rows: tuple[str | float | None, ...]) -> DataTable:
    return DataTable("t", "A table", ("method", "nDCG@10"), rows)


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "|cmd", "%0A", '=HYPERLINK("x")'),
        *("\u200b=1", "\u2003@1", "\u202e+1", "\u2028=1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)"),
    ],
)
def test_text_that_is_a_formula_in_a_spreadsheet_is_made_text(text: str) -> None:
    ((_, _), (cell, _)) = list(csv.reader(io.StringIO(as_csv(table((text, 0.5))), newline="")))
    assert cell == f"'{text}"


def test_a_hostile_column_name_is_made_text_as_well() -> None:
    assert as_csv(DataTable("t", "T", ("=1",), ())) == "'=1\r\n"


def test_numbers_stay_numbers_and_nothing_is_empty() -> None:
    assert as_csv(table(("icr", -0.25), ('a, "b"', None))) == 'method,nDCG@10\r\nicr,-0.25\r\n"a, ""b""",\r\n'


def test_json_keeps_everything_as_it_is() -> None:
    found = json.loads(as_json(table(("=1+1", None))))
    assert found == {
        "schema_version": 1,
        "title": "A table",
        "licence": "CC0-1.0",
        "rows": [{"method": "=1+1", "nDCG@10": None}],
    }


def test_every_table_has_both_files() -> None:
    assert sorted(table_files([table()])) == ["data/tables/t.csv", "data/tables/t.json"]
