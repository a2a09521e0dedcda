"""Values of options as they are typed in a shell, both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml


def typed(values: Mapping[str, str]) -> dict[str, Any]:
    """Each text read as YAML, so ``window=20`` is a number; one that is none, or a mapping, stays as it is.

    No option takes a mapping, and a sentence that ends with a colon is one to YAML.
    """
    return {key: _read(text) for key, text in values.items()}


def in_shell(value: Any) -> str:
    """The text that `typed` reads as this value."""
    return value if isinstance(value, str) and _read(value) == value else json.dumps(value)


def _read(text: str) -> Any:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return text if isinstance(value, dict) else value
