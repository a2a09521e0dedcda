"""A collection in a folder: ``corpus.jsonl`` (or ``.gz``), ``queries.jsonl``, ``qrels.tsv``, ``run.<name>.trec``."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO, cast

from benchmark.collections.base import Collection, Document, FirstStage, Qrels, Topic
from benchmark.collections.spec import CollectionSpec
from benchmark.errors import UserError
from benchmark.evaluation.qrels import read_qrels
from benchmark.hashing import sha256_file, sha256_files
from benchmark.names import unknown


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

    def qrels(self) -> Qrels:
        """See `Collection.qrels`."""
        return read_qrels(_existing(self.folder, "qrels.tsv"))

    def first_stages(self) -> list[str]:
        """See `Collection.first_stages`."""
        if self.spec:
            names = list(self.spec.splits[self.split].runs)
            return sorted(names, key=lambda name: (name != self.spec.first_stage if self.spec else False, name))
        names = sorted(path.name.removeprefix("run.").removesuffix(".trec") for path in self.folder.glob("run.*.trec"))
        return sorted(names, key=lambda name: (not name.startswith("bm25"), name))

    def first_stage(self, name: str | None = None) -> FirstStage:
        """See `Collection.first_stage`; UserError also when a pinned run file was changed."""
        names = self.first_stages()
        if not names:
            raise UserError(f"Collection '{self.name}' ({self.split}) has no first-stage run (run.<name>.trec).")
        chosen = name or names[0]
        if chosen not in names:
            raise unknown(f"first stage of '{self.name}':", chosen, names)
        if self.spec is None:
            path = self.folder / f"run.{chosen}.trec"
            return FirstStage(chosen, path, sha256_file(path))
        run = self.spec.splits[self.split].runs[chosen]
        path = _existing(self.folder, run.file)
        actual = sha256_file(path)
        if actual != run.sha256:
            raise UserError(f"{path}: damaged: sha256 expected {run.sha256}, found {actual}. Restore the file.")
        return FirstStage(chosen, path, actual)

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


def _text(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8"))
    return path.open(encoding="utf-8")


def _json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with _text(path) as stream:
        try:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield number, json.loads(line)
        except json.JSONDecodeError as error:
            raise UserError(f"{path}:{number}: not valid JSON ({error.msg}).") from None
        except UnicodeDecodeError:
            raise UserError(f"{path}: not UTF-8.") from None
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise UserError(f"{path}: not a whole gzip file ({error}). Restore the file.") from None
