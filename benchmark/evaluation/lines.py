"""Lines of a text file that a user gave."""

from __future__ import annotations

from pathlib import Path

from benchmark.errors import UserError


def read_lines(path: Path, what: str) -> list[str]:
    """Lines of a UTF-8 text file; UserError that says ``what`` is missing, or where it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise UserError(f"{path}: no such {what}.") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}.") from None
