"""What collections of a library have in common: a catalogue entry or none, and a registry of runs."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import Any

from benchmark.collections.base import Collection, FirstStage
from benchmark.collections.rules import Rules
from benchmark.collections.runs import Runs
from benchmark.collections.spec import CollectionSpec
from benchmark.errors import UserError
from benchmark.hashing import sha256_json


class LibraryCollection(Collection):
    """A collection that a library loads.

    Args:
        name: of a collection that is in no catalogue; spec: the catalogue entry, if any; split: which part.
        library: family of a collection that is in no catalogue.
    """

    def __init__(self, name: str, spec: CollectionSpec | None, split: str, library: str) -> None:
        self.spec = spec
        self.split = split
        self.name = spec.name if spec else name
        self.title = spec.title if spec else name
        self.family = spec.family if spec else library
        self.relevant_from = spec.relevant_from if spec else 1
        self.rules = spec.rules if spec else Rules()

    @cached_property
    def revision(self) -> str:
        """See `Collection.revision`; UserError when a pinned collection is not what it was."""
        actual = self.content_hash()
        pinned = self.spec.splits[self.split].sha256 if self.spec else None
        if pinned not in (None, actual):
            raise UserError(
                f"Collection '{self.name}' ({self.split}) is not the catalogued one: sha256 expected {pinned}, found "
                f"{actual}. Update the library, or remove its cached files."
            )
        return actual

    def first_stages(self) -> list[str]:
        """See `Collection.first_stages`."""
        return self._runs.names()

    def first_stage(self, name: str | None = None) -> FirstStage:
        """See `Collection.first_stage`; fetches a published run, UserError for one that is still to be built."""
        return self._runs.find(name, self.progress, anew=self.anew)

    @abstractmethod
    def pins(self) -> dict[str, Any]:
        """What tells which documents these are, by the name of the library: they are not read for the hash."""

    def content_hash(self) -> str:
        """sha256 over topics and judgements, and over what pins the documents."""
        topics = sorted([topic.qid, topic.text] for topic in self.topics())
        judged = sorted([qid, sorted(grades.items())] for qid, grades in self.qrels().items())
        return sha256_json({**self.pins(), "topics": topics, "qrels": judged})

    @property
    def _runs(self) -> Runs:
        if self.spec is None:
            pinned, default = {}, "bm25s"
        else:
            pinned, default = dict(self.spec.splits[self.split].runs), self.spec.first_stage
        return Runs(self.name, self.split, None, pinned, default, self.rules, self.excluded, lambda: self.revision)
