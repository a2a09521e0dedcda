"""Embedding models whose runs are known by name: which model at which commit."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from benchmark.schema import Strict, parse_yaml_list

FILE = Path(__file__).with_suffix(".yaml")

Kind = Literal["dense", "sparse"]


class KnownRetriever(Strict):
    """A model that makes a first-stage run."""

    name: str = Field(pattern=r"^(dense|sparse)-[a-z0-9.-]+$")
    """Of the run."""
    kind: Kind
    """Vectors with a number in every place, or with one for each word that is expressed."""
    model: str
    """On the hub."""
    revision: str = Field(pattern=r"^[0-9a-f]{40}$")
    description: str


BM25 = ("bm25s", "bm25s-given")
"""Runs of BM25 that are made here: over all documents, and over the candidates that come with each topic."""


def buildable(run: str) -> bool:
    """Whether the run of that name can be made on this machine."""
    return run in BM25 or run in known()


@cache
def known() -> dict[str, KnownRetriever]:
    """Every one by the name of its run."""
    return {retriever.name: retriever for retriever in parse_yaml_list(KnownRetriever, FILE)}
