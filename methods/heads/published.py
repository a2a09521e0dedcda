"""Head sets that the authors of a method published, shipped as data: ``published.json`` in the method's folder."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from pydantic import Field

from benchmark.names import canonical
from benchmark.schema import Strict, parse
from methods.heads.notation import Head, parse_heads


class PublishedSet(Strict):
    """One set."""

    name: str
    """What ``heads=`` calls it."""
    model: str
    """Hub name of the model it was detected on."""
    fitted_on: str
    """Data it was detected on."""
    prune: float = 0.0
    """Share of the upper layers that were cut off."""
    heads: tuple[str, ...] = Field(min_length=1)
    """Best first."""
    scores: tuple[float, ...] = ()
    """Detection scores of the heads, where they were published."""

    @property
    def parsed(self) -> list[Head]:
        """The heads as pairs."""
        return parse_heads(",".join(self.heads))

    def is_for(self, backbone: str) -> bool:
        """Whether a backbone of that name (catalogue or hub) is the model of the set, whatever its source."""
        name = backbone.partition("@")[0]
        return canonical(name.rpartition("/")[2]) == canonical(self.model.rpartition("/")[2])


class Published(Strict):
    """Contents of ``published.json``."""

    source: str
    """Repository, commit and folder."""
    note: str
    sets: tuple[PublishedSet, ...]


@cache
def read_published(folder: Path) -> tuple[PublishedSet, ...]:
    """The sets shipped with the method in ``folder``; empty where there is no file."""
    path = folder / "published.json"
    if not path.is_file():
        return ()
    return parse(Published, json.loads(path.read_text(encoding="utf-8")), str(path)).sets
