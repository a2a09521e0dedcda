"""What sets things of the same name apart. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.hashing import canonical_json


def variants(siblings: Sequence[Mapping[str, Any]]) -> list[str]:
    """For each of some nested records, the values in which it differs from another one; empty where none does."""
    flat = [_flat(values) for values in siblings]
    keys = sorted({key for values in flat for key in values})
    differing = [key for key in keys if len({values.get(key) for values in flat}) > 1]
    return [
        ", ".join(f"{key.rpartition('.')[2]}={_short(values[key])}" for key in differing if key in values)
        for values in flat
    ]


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Leaves of nested mappings as text, by dotted key."""
    leaves: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            leaves |= _flat(value, f"{prefix}{key}.")
        else:
            leaves[prefix + key] = value if isinstance(value, str) else canonical_json(value)
    return leaves


def _short(value: str, limit: int = 24) -> str:
    return value if len(value) <= limit else f"{value[:8]}…"
