"""Suites: which methods, backbones and collections are run together. Each is one YAML file."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from benchmark.errors import UserError
from benchmark.names import canonical, did_you_mean
from benchmark.schema import Strict, read_catalogue, read_yaml

FOLDER = Path(__file__).parent


class SuiteMethod(Strict):
    """A method with one of its presets."""

    method: str
    preset: str = "default"
    options: dict[str, Any] = Field(default_factory=dict)
    """On top of the preset's, such as the folder of an artefact."""


class SuiteCollection(Strict):
    """A collection with its candidates."""

    collection: str
    split: str = "test"
    first_stage: str | None = None
    """None: the collection's default run."""


class Suite(Strict):
    """The cross product of its lists."""

    name: str
    title: str
    description: str
    methods: tuple[SuiteMethod, ...] = Field(min_length=1)
    backbones: tuple[str, ...] = ()
    collections: tuple[SuiteCollection, ...] = Field(min_length=1)
    depth: int = Field(gt=0)
    """Candidates taken of each first-stage list."""


@cache
def entries() -> dict[str, Suite]:
    """Every suite by name."""
    return read_catalogue(Suite, FOLDER)


def find(name: str) -> Suite:
    """The suite of that name, or the one in the YAML file of that path."""
    known = entries()
    if canonical(name) in known:
        return known[canonical(name)]
    path = Path(name)
    if path.suffix in {".yaml", ".yml"}:
        return read_yaml(Suite, path)
    raise UserError(f"Unknown suite '{name}'. {did_you_mean(name, known)} The path of a YAML file also works.")
