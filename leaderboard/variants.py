"""What sets things of the same name apart. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from benchmark.harness.record import BackboneRequest, MethodRequest
from benchmark.hashing import canonical_json


class Variants:
    """Names what sets records apart; of those that come again as the same objects, the text is kept with them."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[BaseModel, dict[str, str]]] = {}

    def of(self, siblings: Sequence[tuple[MethodRequest, BackboneRequest | None]]) -> list[str]:
        """For each method on a backbone, the values in which it differs from another one; empty where none does."""
        return _differing([self._flat(method, backbone) for method, backbone in siblings])

    def _flat(self, method: MethodRequest, backbone: BackboneRequest | None) -> dict[str, str]:
        return self._part("method", method) | (self._part("backbone", backbone) if backbone else {})

    def _part(self, name: str, part: BaseModel) -> dict[str, str]:
        if id(part) not in self._known:
            self._known[id(part)] = part, _flat(part.model_dump(mode="json"), f"{name}.")
        return self._known[id(part)][1]


def variants(siblings: Sequence[Mapping[str, Any]]) -> list[str]:
    """The same for any nested records."""
    return _differing([_flat(values) for values in siblings])


def _differing(flat: Sequence[Mapping[str, str]]) -> list[str]:
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
