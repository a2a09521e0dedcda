"""Read JSON instances from a file of any size, one at a time."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

from benchmark.errors import UserError

BLOCK = 1 << 20
"""Characters read at a time."""

_SPACE = re.compile(r"\s*")


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """A UTF-8 text file, packed if its name ends with ``.gz``; UserError for damage that shows while it is read."""
    with _text(path) as stream:
        try:
            yield stream
        except UnicodeDecodeError:
            raise UserError(f"{path}: not UTF-8.") from None
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise UserError(f"{path}: not a whole gzip file ({error}). Restore the file.") from None


def _text(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8"))
    return path.open(encoding="utf-8")


def instances(path: Path, problems: list[str]) -> Iterator[tuple[str, Any]]:
    """The elements of a JSON array, or the lines of a JSON lines file, with where each of them stands.

    Only one element is held at a time: published files of this kind have hundreds of megabytes.

    Args:
        path: the file; problems: what is not valid JSON is added here. An array ends there, lines go on.
    """
    with opened(path) as stream:
        start = stream.read(BLOCK)
        while start and not start.strip():
            start = stream.read(BLOCK)
        if start.lstrip().startswith("["):
            yield from _elements(path, stream, start, problems)
            return
        stream.seek(0)
        for number, line in enumerate(stream, 1):
            where = f"{path}:{number}"
            try:
                if line.strip():
                    yield where, json.loads(line)
            except (ValueError, RecursionError) as error:
                problems.append(f"{where}: not valid JSON ({_reason(error)}).")


def _elements(path: Path, stream: TextIO, text: str, problems: list[str]) -> Iterator[tuple[str, Any]]:
    decode = json.JSONDecoder().raw_decode
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
