"""Suites: which methods, backbones and collections are run together. Each is one YAML file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from benchmark.collections import catalogue
from benchmark.collections.by_hand import ByHandCollection, NotHere
from benchmark.collections.spec import ByHandSource
from benchmark.errors import UserError
from benchmark.names import canonical, did_you_mean
from benchmark.schema import Strict, read_catalogue, read_yaml

FOLDER = Path(__file__).parent


def _listed(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


Depths = Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=1), BeforeValidator(_listed)]
"""One depth, or a list of them."""


class SuiteMethod(Strict):
    """A method with one of its presets."""

    method: str
    preset: str = "default"
    options: dict[str, Any] = Field(default_factory=dict)
    """On top of the preset's, such as the folder of an artefact."""
    collections: tuple[str, ...] = ()
    """Names of the collections it is run on, for a paper whose settings depend on them; empty: all of the suite."""

    def runs_on(self, collection: str) -> bool:
        """Whether it is run on a collection of the suite."""
        return not self.collections or collection in self.collections


class SuiteCollection(Strict):
    """A collection with its candidates."""

    collection: str
    split: str = "test"
    first_stage: str | tuple[str, ...] | None = None
    """A run, or several that everything is crossed with; None: the collection's default run."""

    @property
    def first_stages(self) -> tuple[str | None, ...]:
        """The runs, one at least."""
        return self.first_stage if isinstance(self.first_stage, tuple) else (self.first_stage,)


class Suite(Strict):
    """The cross product of its lists."""

    name: str
    title: str
    description: str
    methods: tuple[SuiteMethod, ...] = Field(min_length=1)
    backbones: tuple[str, ...] = ()
    collections: tuple[SuiteCollection, ...] = Field(min_length=1)
    depth: Depths
    """Candidates taken of each first-stage list; several: everything is crossed with them."""

    @model_validator(mode="after")
    def _known_collections(self) -> Suite:
        held = {entry.collection for entry in self.collections}
        strangers = sorted({name for method in self.methods for name in method.collections} - held)
        if strangers:
            raise ValueError(f"methods name collections that the suite does not hold: {', '.join(strangers)}")
        return self


@cache
def entries() -> dict[str, Suite]:
    """Every suite by name."""
    return read_catalogue(Suite, FOLDER)


def present(suite: Suite, note: Callable[[str], None]) -> Suite:
    """The suite without collections that users must get by hand and that are not on this machine.

    Args:
        note: told of each that is left out, and of what to do.

    Raises:
        UserError: nothing is left.
    """
    kept = []
    for entry in suite.collections:
        spec = catalogue.entry(entry.collection)
        part = spec.splits.get(entry.split) if spec else None
        if spec and part and isinstance(part.source, ByHandSource):
            try:
                ByHandCollection(part.source, spec, entry.split).located()
            except NotHere as error:
                note(f"Left out: {error}")
                continue
        kept.append(entry)
    if not kept:
        raise UserError(f"Suite '{suite.name}': none of its collections is on this machine; see what was left out.")
    return suite.model_copy(update={"collections": tuple(kept)})


def to_run(name: str, collections: Sequence[str], note: Callable[[str], None]) -> Suite:
    """The suite of that name, as `find`; as `present` unless collections are named, which then must be here.

    Args:
        collections: those that are named instead of the suite's own; note: see `present`.
    """
    return find(name) if collections else present(find(name), note)


def find(name: str) -> Suite:
    """The suite of that name, or the one in the YAML file of that path."""
    known = entries()
    if canonical(name) in known:
        return known[canonical(name)]
    path = Path(name)
    if path.suffix in {".yaml", ".yml"}:
        return read_yaml(Suite, path)
    raise UserError(f"Unknown suite '{name}'. {did_you_mean(name, known)} The path of a YAML file also works.")
