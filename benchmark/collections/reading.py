"""Read JSON instances from a file of any size, one at a time."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

from benchmark.errors import UserError

BLOCK = 1 << 20
"""Characters read at a time."""

_SPACE = re.compile(r"\s*")


@contextmanager
def opened(path: Path, newline: str | None = None) -> Iterator[TextIO]:
    """A UTF-8 text file, packed if its name ends with ``.gz``; UserError for damage that shows while it is read.

    Args:
        newline: as of Python's ``open``.
    """
    with _text(path, newline) as stream, _damage_named(path):
        yield stream


def _text(path: Path, newline: str | None) -> TextIO:
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8", newline=newline))
    return path.open(encoding="utf-8", newline=newline)


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8.") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"{path}: not a whole gzip file ({error}). Restore the file.") from None


def lines(path: Path, problems: list[str]) -> Iterator[tuple[int, str]]:
    """Lines of a UTF-8 text file with their numbers from 1, one at a time; packed if its name ends with ``.gz``.

    A byte order mark is left out.

    Args:
        path: the file; problems: every line that is not UTF-8 is added here and left out.
    """
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream, _damage_named(path):
        for number, line in enumerate(stream, 1):
            data = line.removeprefix(BOM_UTF8) if number == 1 else line
            try:
                yield number, data.decode("utf-8").rstrip("\r\n")
            except UnicodeDecodeError as error:
                byte = data[error.start]
                problems.append(f"{path}:{number}: not UTF-8 (byte 0x{byte:02x} after {error.start} bytes).")


def json_lines(path: Path, problems: list[str]) -> Iterator[tuple[int, Any]]:
    """Values of a JSON lines file with the numbers of their lines.

    Args:
        path: the file; problems: every line that is not UTF-8 or not valid JSON is added here and left out.
    """
    for number, line in lines(path, problems):
        try:
            if line.strip():
                yield number, json.loads(line)
        except (ValueError, RecursionError) as error:
            problems.append(f"{path}:{number}: not valid JSON ({_reason(error)}).")


def instances(path: Path, problems: list[str]) -> Iterator[tuple[str, Any]]:
    """The elements of a JSON array, or the lines of a JSON lines file, with where each of them stands.

    Only one element is held at a time: published files of this kind have hundreds of megabytes.

    Args:
        path: the file; problems: what is not valid JSON is added here. An array ends there, lines go on.
    """
    if _first(path) == b"[":
        with opened(path) as stream:
            yield from _elements(path, stream, problems)
        return
    for number, value in json_lines(path, problems):
        yield f"{path}:{number}", value


def _first(path: Path) -> bytes:
    """The first byte that is no white space, empty if there is none."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream, _damage_named(path):
        while block := stream.read(BLOCK):
            if found := block.removeprefix(BOM_UTF8).lstrip()[:1]:
                return found
    return b""


def _elements(path: Path, stream: TextIO, problems: list[str]) -> Iterator[tuple[str, Any]]:
    decode = json.JSONDecoder().raw_decode
    text = ""
    while "[" not in text:
        text += stream.read(BLOCK)
    at = text.index("[") + 1
    number, expects_comma = 1, False
    while True:
        where = f"{path}: instance {number}"
        at = _behind_space(text, at)
        if at == len(text):
            text, at = stream.read(BLOCK), 0
            if not text:
                problems.append(f"{where}: the array has no end; is the file whole?")
                return
        elif text[at] == "]" and (expects_comma or number == 1):
            if text[at + 1 :].strip() or stream.read().strip():
                problems.append(f"{path}: there is more after the end of the array.")
            return
        elif expects_comma:
            if text[at] != ",":
                problems.append(f"{where}: not valid JSON (expected ',' before it).")
                return
            at, expects_comma = at + 1, False
        else:
            try:
                value, end = decode(text, at)
            except (ValueError, RecursionError) as error:
                # As much again, so that an element of n characters is not decoded more than log n times.
                more = stream.read(max(BLOCK, len(text)))
                if not more:
                    problems.append(f"{where}: not valid JSON ({_reason(error)}).")
                    return
                text, at = text[at:] + more, 0
                continue
            yield where, value
            at, number, expects_comma = end, number + 1, True


def _behind_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _reason(error: Exception) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error)
