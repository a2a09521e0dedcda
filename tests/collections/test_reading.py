"""JSON instances from arrays and lines, whatever their size and wherever blocks end."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from benchmark.collections import reading
from benchmark.collections.reading import instances
from benchmark.errors import UserError

VALUES: list[Any] = [{"a": [1, {"b": "],[ü"}]}, {}, {"text": 'quote " and \\ end ]'}, {"long": "x" * 50}]


def read(path: Path) -> tuple[list[Any], list[str]]:
    problems: list[str] = []
    found = [value for _, value in instances(path, problems)]
    return found, [problem.replace(str(path), "F") for problem in problems]


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64, 1 << 20])
@pytest.mark.parametrize("indent", [None, 2])
def test_arrays_are_read_across_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, indent: int | None
) -> None:
    monkeypatch.setattr(reading, "BLOCK", block)
    path = tmp_path / "a.json"
    path.write_text("\n " + json.dumps(VALUES, indent=indent, ensure_ascii=False) + "\n\n", encoding="utf-8")
    assert read(path) == (VALUES, [])
    problems: list[str] = []
    assert [where for where, _ in instances(path, problems)] == [f"{path}: instance {n}" for n in range(1, 5)]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.jsonl.gz"])
def test_lines_are_read_and_numbered(tmp_path: Path, name: str) -> None:
    text = ("\n" + "\n\n".join(json.dumps(value) for value in VALUES) + "\n").encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    problems: list[str] = []
    assert list(instances(path, problems)) == [
        (f"{path}:{2 * number}", value) for number, value in enumerate(VALUES, 1)
    ]
    assert problems == []


@pytest.mark.parametrize("text", ["", " \n", "[]", " [ ] "])
def test_nothing_is_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    assert read(path) == ([], [])


@pytest.mark.parametrize("block", [1, 1 << 20])
@pytest.mark.parametrize(
    ("text", "found", "problem"),
    [
        ("[{}, {", 1, "F: instance 2: not valid JSON (Expecting property name"),
        ("[{}, {}", 2, "F: instance 3: the array has no end; is the file whole?"),
        ("[{}, ", 1, "F: instance 2: the array has no end"),
        ("[{} {}]", 1, "F: instance 2: not valid JSON (expected ',' before it)."),
        ("[{}, ]", 1, "F: instance 2: not valid JSON (Expecting value)."),
        ("[{}] {}", 1, "F: there is more after the end of the array."),
        ("[{}]\n[{}]", 1, "F: there is more after the end of the array."),
        ("[" * 100_000, 0, "F: instance 1: not valid JSON ("),
    ],
)
def test_a_broken_array_ends_with_one_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, found: int, problem: str, block: int
) -> None:
    monkeypatch.setattr(reading, "BLOCK", block)
    path = tmp_path / "a.json"
    path.write_text(text)
    values, problems = read(path)
    assert values == [{}] * found
    assert len(problems) == 1
    assert problems[0].startswith(problem)


def test_every_broken_line_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{}\n{"a"\n{}\n}\n' + '{"a":' * 100_000 + "\n")
    values, problems = read(path)
    assert values == [{}, {}]
    assert [problem.split(" (")[0] for problem in problems] == [f"F:{number}: not valid JSON" for number in (2, 4, 5)]


def test_damaged_bytes_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'[{"a": "caf\xe9"}]')
    with pytest.raises(UserError, match=r"a\.json: not UTF-8"):
        read(path)
    packed = tmp_path / "a.json.gz"
    packed.write_bytes(gzip.compress(b"[{}]")[:-6])
    with pytest.raises(UserError, match=r"a\.json\.gz: not a whole gzip file"):
        read(packed)
