"""A collection in a folder: ``corpus.jsonl`` (or ``.gz``), ``queries.jsonl``, ``qrels.tsv``, ``run.<name>.trec``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark.collections.base import Collection, Document, FirstStage, Qrels, Topic
from benchmark.collections.reading import opened
from benchmark.collections.rules import Rules
from benchmark.collections.runs import Runs
from benchmark.collections.spec import CollectionSpec
from benchmark.errors import UserError
from benchmark.evaluation.qrels import read_qrels
from benchmark.hashing import sha256_files


class FolderCollection(Collection):
    """A split that lies in one folder.

    Args:
        folder: where its files are.
        spec: the catalogue entry, None for a folder that is in no catalogue.
        split: the split's name.
        name: of a collection that is in no catalogue; default: its folder's.
    """

    def __init__(self, folder: Path, spec: CollectionSpec | None, split: str, name: str | None = None) -> None:
        self.folder = folder
        self.spec = spec
        self.split = split
        self.name = spec.name if spec else name or folder.resolve().name
        self.title = spec.title if spec else self.name
        self.family = spec.family if spec else "Local"
        self.relevant_from = spec.relevant_from if spec else 1
        self.rules = spec.rules if spec else Rules()

    @cached_property
    def revision(self) -> str:
        """See `Collection.revision`; UserError when a catalogued collection's files were changed."""
        actual = content_hash(self.folder)
        if self.spec and actual != self.spec.splits[self.split].sha256:
            raise UserError(
                f"Collection '{self.name}' ({self.split}) in {self.folder} is not the catalogued one: sha256 expected "
                f"{self.spec.splits[self.split].sha256}, found {actual}. Restore its files."
            )
        return actual

    def topics(self) -> Iterator[Topic]:
        """See `Collection.topics`."""
        path = _existing(self.folder, "queries.jsonl")
        for line in _identified(path):
            yield Topic(line["_id"], line["text"], (line.get("metadata") or {}).get("flavour"))

    def documents(self, docids: Sequence[str]) -> list[Document]:
        """See `Collection.documents`. The corpus is read once and kept."""
        missing = [docid for docid in docids if docid not in self._corpus]
        if missing:
            raise UserError(
                f"Collection '{self.name}': not in the corpus ({len(missing)} in all): {', '.join(missing[:5])}."
            )
        return [self._corpus[docid] for docid in docids]

    def corpus(self) -> Iterator[Document]:
        """See `Collection.corpus`."""
        return read_corpus(self.folder)

    def qrels(self) -> Qrels:
        """See `Collection.qrels`."""
        return read_qrels(_existing(self.folder, "qrels.tsv"))

    def first_stages(self) -> list[str]:
        """See `Collection.first_stages`."""
        return self._runs.names()

    def first_stage(self, name: str | None = None) -> FirstStage:
        """See `Collection.first_stage`; UserError also when a pinned run file was changed."""
        return self._runs.find(name)

    @property
    def _runs(self) -> Runs:
        if self.spec is None:
            return Runs(self.name, self.split, self.folder)
        pinned = self.spec.splits[self.split].runs
        return Runs(self.name, self.split, self.folder, pinned, self.spec.first_stage, self.rules)

    @cached_property
    def _corpus(self) -> Mapping[str, Document]:
        return {document.docid: document for document in read_corpus(self.folder)}


def read_corpus(folder: Path) -> Iterator[Document]:
    """Documents of a folder in file order."""
    path = _existing(folder, "corpus.jsonl", "corpus.jsonl.gz")
    for line in _identified(path):
        yield Document(line["_id"], line.get("title") or "", line["text"])


def content_hash(folder: Path) -> str:
    """sha256 over corpus, topics and judgements."""
    corpus = _existing(folder, "corpus.jsonl", "corpus.jsonl.gz")
    files = [corpus, _existing(folder, "queries.jsonl"), _existing(folder, "qrels.tsv")]
    return sha256_files((path.name, path) for path in files)


def _identified(path: Path) -> Iterator[dict[str, Any]]:
    """Lines with a text and an id (a string, or a number that becomes one) that no line before has."""
    seen: dict[str, int] = {}
    for number, line in _json_lines(path):
        if not isinstance(line, dict) or not isinstance(line.get("text"), str):
            raise UserError(f"{path}:{number}: needs '_id' and 'text'.")
        if not isinstance(line.get("_id"), str | int):
            raise UserError(f"{path}:{number}: needs '_id' and 'text'.")
        line["_id"] = str(line["_id"])
        if line["_id"] in seen:
            raise UserError(f"{path}:{number}: '_id' {line['_id']} was used on line {seen[line['_id']]} already.")
        seen[line["_id"]] = number
        yield line


def _existing(folder: Path, *names: str) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise UserError(f"{folder}: no {' or '.join(names)} there.")


def _json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with opened(path) as stream:
        try:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield number, json.loads(line)
        except json.JSONDecodeError as error:
            raise UserError(f"{path}:{number}: not valid JSON ({error.msg}).") from None
