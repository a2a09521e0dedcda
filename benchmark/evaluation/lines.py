"""Lines of a text file that a user gave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmark.collections.reading import lines
from benchmark.errors import UserError


def numbered_lines(path: Path, what: str, problems: list[str]) -> Iterator[tuple[int, str]]:
    """Lines of a UTF-8 text file with their numbers.

    Args:
        path: the file; what: it is called where it is missing.
        problems: every line that is not UTF-8 is added here and left out.

    Raises:
        UserError: no such file.
    """
    try:
        yield from lines(path, problems)
    except FileNotFoundError:
        raise UserError(f"{path}: no such {what}.") from None
