"""Strict typed records, and validation errors in words a person can act on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.errors import UserError
from benchmark.names import did_you_mean

SECRET = {"key_env", "base_url"}
"""Fields into which somebody may paste a key: what they hold is not repeated in messages."""


_SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Many times quicker where PyYAML was built with libyaml: the catalogue has many files."""


class Strict(BaseModel):
    """A frozen record that refuses unknown keys and non-finite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], values: Any, where: str) -> Model:
    """Validate ``values`` as ``model``.

    Raises:
        UserError: with one problem a line, each prefixed with ``where``, naming the field and the nearest known
            field for an unknown one.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UserError([f"{where}: {problem}" for problem in explain(error, model)]) from None


def explain(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One sentence for each problem in a pydantic error."""
    problems = []
    items = error.errors()
    for item in items:
        if item["type"] == "too_short" and any(other["loc"][:-1][: len(item["loc"])] == item["loc"] for other in items):
            # Items that are refused are counted as missing, too.
            continue
        if item["type"] == "value_error" and not item["loc"]:
            # A check of fields against each other: it names them, and the whole record would be repeated as the value.
            problems.append(f"{item['msg'].removeprefix('Value error, ')}.")
            continue
        field = ".".join(str(part) for part in item["loc"]) or "value"
        if item["type"] == "extra_forbidden":
            known = _fields_at(model, item["loc"][:-1])
            problems.append(f"unknown option '{field}'. {did_you_mean(str(item['loc'][-1]), known)}")
        elif item["type"] == "missing":
            problems.append(f"'{field}' is required and missing.")
        else:
            message = item["msg"].removeprefix("Value error, ")
            secret = SECRET & set(item["loc"]) or any(name in repr(item["input"]) for name in SECRET)
            got = "" if secret else f" (got {_short(item['input'])})"
            problems.append(f"'{field}': {message}{got}.")
    return problems


def read_yaml(model: type[Model], path: Path) -> Model:
    """Read one YAML file as ``model``; a syntax error or a bad field is a `UserError` that names the file."""
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), _SAFE)  # noqa: S506  the same as safe_load, in C
    except FileNotFoundError:
        raise UserError(f"{path}: no such file.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not valid YAML ({' '.join(str(error).split())}).") from None
    return parse(model, values, str(path))


def parse_yaml_list(model: type[Model], path: Path) -> list[Model]:
    """Read one YAML file that lists records of one kind; UserError as of `parse`."""
    values = yaml.load(path.read_text(encoding="utf-8"), _SAFE)  # noqa: S506  the same as safe_load, in C
    return [parse(model, value, f"{path}: entry {number}") for number, value in enumerate(values, 1)]


def read_catalogue(model: type[Model], folder: Path) -> dict[str, Model]:
    """Every entry of a catalogue folder by name; each is one YAML file, named as its entry.

    Raises:
        UserError: a file that is not a valid entry, or whose entry has another name.
    """
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        entry = read_yaml(model, path)
        name = getattr(entry, "name", None)
        if name != path.stem:
            raise UserError(f"{path}: the entry is named '{name}'; name and file name must be equal.")
        found[path.stem] = entry
    return found


def _fields_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The field names of the sub-model at ``location``, as far as annotations tell."""
    current: Any = model
    for part in location:
        field = getattr(current, "model_fields", {}).get(part) if isinstance(part, str) else None
        candidates = [] if field is None else [field.annotation, *getattr(field.annotation, "__args__", ())]
        nested = [item for item in candidates if isinstance(item, type) and issubclass(item, BaseModel)]
        current = nested[0] if nested else current
    return list(getattr(current, "model_fields", {}))


def _short(value: Any, limit: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
