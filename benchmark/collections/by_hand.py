"""Collections whose documents may not be passed on: users lay them out in a folder of the cache, in BEIR's form."""

from __future__ import annotations

from pathlib import Path

from benchmark.collections.base import FirstStage
from benchmark.collections.folder import FolderCollection
from benchmark.collections.spec import ByHandSource, CollectionSpec
from benchmark.errors import UserError
from benchmark.paths import cache_root


class NotHere(UserError):
    """A collection that users have to get themselves, and have not."""


class ByHandCollection(FolderCollection):
    """One split of a catalogue entry, in ``collections/NAME`` of the cache.

    Args:
        source: says how the documents are had; spec: the catalogue entry; split: which part of it.
    """

    def __init__(self, source: ByHandSource, spec: CollectionSpec, split: str) -> None:
        super().__init__(cache_root() / "collections" / spec.name, spec, split)
        self.source = source

    @property
    def is_here(self) -> bool:
        """Whether the folder is laid out."""
        return (self.folder / "queries.jsonl").is_file()

    def located(self) -> Path:
        """See `FolderCollection.located`; `NotHere`, with what to do, where the folder is not laid out."""
        if not self.is_here:
            raise NotHere(
                f"Collection '{self.name}' is not on this machine. {self.source.how} Put the folder (corpus.jsonl, "
                f"queries.jsonl, qrels/{self.split}.tsv) at {self.folder}."
            )
        return self.folder

    def first_stage(self, name: str | None = None) -> FirstStage:
        """See `Collection.first_stage`; `NotHere`."""
        self.located()
        return super().first_stage(name)
