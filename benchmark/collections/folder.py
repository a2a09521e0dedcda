"""A collection in a folder: ``corpus.jsonl`` (or ``.gz``), ``queries.jsonl``, ``qrels.tsv``, ``run.<name>.trec``.

A folder as BEIR publishes them has ``qrels/<split>.tsv`` instead; then only the queries judged there are its topics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark.collections.base import Collection, Document, FirstStage, Qrels, Topic
from benchmark.collections.reading import json_lines
from benchmark.collections.rules import Rules
from benchmark.collections.runs import Runs
from benchmark.collections.spec import CollectionSpec
from benchmark.errors import UserError, refuse
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
        actual = content_hash(self.located(), self.split)
        pinned = self.spec.splits[self.split].sha256 if self.spec else None
        if pinned not in (None, actual):
            raise UserError(
                f"Collection '{self.name}' ({self.split}) in {self.folder} is not the catalogued one: sha256 expected "
                f"{pinned}, found {actual}. Restore its files."
            )
        return actual

    def located(self) -> Path:
        """The folder, for reading."""
        return self.folder

    def topics(self) -> Iterator[Topic]:
        """See `Collection.topics`; UserError with every malformed line."""
        folder = self.located()
        shared = not (folder / "qrels.tsv").is_file() and (folder / "qrels").is_dir()
        judged = self.qrels() if shared else None
        for line in _identified(_existing(folder, "queries.jsonl")):
            if judged is None or line["_id"] in judged:
                yield Topic(line["_id"], line["text"], (line.get("metadata") or {}).get("flavour"))

    def documents(self, docids: Sequence[str]) -> list[Document]:
        """See `Collection.documents`. The corpus is read once and kept."""
        self.check_corpus(docids, self._corpus)
        return [self._corpus[docid] for docid in docids]

    def corpus(self) -> Iterator[Document]:
        """See `Collection.corpus`."""
        return read_corpus(self.located())

    def qrels(self) -> Qrels:
        """See `Collection.qrels`."""
        return read_qrels(_judgements(self.located(), self.split))

    def first_stages(self) -> list[str]:
        """See `Collection.first_stages`."""
        return self._runs.names()

    def first_stage(self, name: str | None = None) -> FirstStage:
        """See `Collection.first_stage`; UserError also when a pinned run file was changed."""
        return self._runs.find(name, self.progress, anew=self.anew)

    @property
    def _runs(self) -> Runs:
        pinned = self.spec.splits[self.split].runs if self.spec else {}
        default = self.spec.first_stage if self.spec else None
        return Runs(self.name, self.split, self.folder, pinned, default, self.rules, revision=lambda: self.revision)

    @cached_property
    def _corpus(self) -> Mapping[str, Document]:
        return {document.docid: document for document in self.corpus()}


def read_corpus(folder: Path) -> Iterator[Document]:
    """Documents of a folder in file order."""
    path = _existing(folder, "corpus.jsonl", "corpus.jsonl.gz")
    for line in _identified(path):
        yield Document(line["_id"], line.get("title") or "", line["text"])


def content_hash(folder: Path, split: str = "test") -> str:
    """sha256 over corpus, topics and judgements."""
    corpus = _existing(folder, "corpus.jsonl", "corpus.jsonl.gz")
    files = [corpus, _existing(folder, "queries.jsonl"), _judgements(folder, split)]
    return sha256_files((path.name, path) for path in files)


def splits(folder: Path) -> list[str]:
    """Splits of a folder as BEIR publishes them; none for one of another form."""
    return sorted(path.stem for path in folder.glob("qrels/*.tsv")) if (folder / "queries.jsonl").is_file() else []


def _identified(path: Path) -> Iterator[dict[str, Any]]:
    """Lines with a text and an id (a string, or a number that becomes one) that no line before has.

    Raises:
        UserError: at the end of the file, every other line.
    """
    problems: list[str] = []
    seen: dict[str, int] = {}
    for number, line in json_lines(path, problems):
        fields = line if isinstance(line, dict) else {}
        if not isinstance(fields.get("text"), str) or not isinstance(fields.get("_id"), str | int):
            problems.append(f"{path}:{number}: needs '_id' and 'text'.")
        elif (name := str(line["_id"])) in seen:
            problems.append(f"{path}:{number}: '_id' {name} was used on line {seen[name]} already.")
        elif name.split() != [name]:
            problems.append(f"{path}:{number}: '_id' {name!r} is empty or has white space; a run file cannot hold it.")
        else:
            seen[name] = number
            yield line | {"_id": name}
    refuse(str(path), problems)


def _judgements(folder: Path, split: str) -> Path:
    return _existing(folder, "qrels.tsv", f"qrels/{split}.tsv")


def _existing(folder: Path, *names: str) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise UserError(f"{folder}: no {' or '.join(names)} there.")
