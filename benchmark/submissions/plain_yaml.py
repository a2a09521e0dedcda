"""YAML of strangers: plain values only, within limits, read in full or not at all."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Hashable
from typing import Any

import yaml

from benchmark.errors import UserError

DEPTH = 24
"""Levels of nesting."""
NODES = 100_000
"""Values of one document."""
LARGEST = 2**63
"""Whole numbers beyond it are refused: later arithmetic on them would fail, or never end."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Plain(_Loader):  # type: ignore[misc]
    """A safe loader that refuses a key given twice, of which others silently keep the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if isinstance(key, str) and keys.count(key) > 1} if len(keys) < 1000 else set()
        if twice or len(keys) >= 1000:
            raise yaml.constructor.ConstructorError(
                None, None, f"key '{min(twice)}' twice" if twice else "too many keys", node.start_mark
            )
        built: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return built

    def number(self, node: Any) -> int | float:
        """An integer or float within limits."""
        whole = node.tag.endswith(":int")
        value: int | float = self.construct_yaml_int(node) if whole else self.construct_yaml_float(node)
        if not math.isfinite(value) if isinstance(value, float) else abs(value) > LARGEST:
            raise yaml.constructor.ConstructorError(None, None, "a number out of range", node.start_mark)
        return value


for _tag in ("int", "float"):
    _Plain.add_constructor(f"tag:yaml.org,2002:{_tag}", _Plain.number)


def load(data: bytes, where: str) -> Any:
    """The one document of a YAML text.

    Aliases are refused altogether: with them a few lines stand for gigabytes.

    Args:
        data: at most as many bytes as the caller has bounded; where: for messages.

    Raises:
        UserError: not UTF-8, invisible characters, no YAML, nested too deeply, too many values, or an alias.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{where}: not UTF-8 at byte {error.start}.") from None
    hidden = next((char for char in text if unicodedata.category(char) in ("Cf", "Co", "Cs")), None)
    if hidden is not None:
        raise UserError(f"{where}: holds the invisible character U+{ord(hidden):04X}. Remove it.")
    try:
        _within_limits(text, where)
        return yaml.load(text, Loader=_Plain)  # noqa: S506  a safe loader, with more refused
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{where}: not valid YAML ({' '.join(str(error).split())[:300]}).") from None


def _within_limits(text: str, where: str) -> None:
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=_Loader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            raise UserError(f"{where}: uses the alias '*{event.anchor}'. Write the value out.")
        if depth > DEPTH:
            raise UserError(f"{where}: nested more than {DEPTH} levels deep.")
        if number > NODES:
            raise UserError(f"{where}: more than {NODES} values.")
