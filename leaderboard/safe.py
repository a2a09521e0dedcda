"""Names that may stand in a path. Pure."""

from __future__ import annotations

import re

_UNSAFE = re.compile("[^A-Za-z0-9._-]")


def safe_name(name: str, longest: int = 180) -> str:
    """``name`` with only ASCII letters, digits, ``.``, ``_`` and ``-``; keeps its end where it is too long."""
    return _UNSAFE.sub("-", name)[-longest:].lstrip(".-") or "unnamed"
