"""Names that may stand in a path. Pure."""

from __future__ import annotations


def safe_name(name: str, longest: int = 180) -> str:
    """``name`` with only ASCII letters, digits, ``.``, ``_`` and ``-``; keeps its end where it is too long."""
    kept = "".join(char if char.isascii() and (char.isalnum() or char in "._-") else "-" for char in name)
    return kept[-longest:].lstrip(".-") or "unnamed"
