"""Collections that their authors publish as three files of a repository: documents, topics, judgements."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark.collections.base import Document, FirstStage, Qrels, Topic
from benchmark.collections.library import LibraryCollection
from benchmark.collections.questions import GIVEN, GivenOrder
from benchmark.collections.reading import opened
from benchmark.collections.spec import CollectionSpec, FilesSource, RemoteFile
from benchmark.downloads import fetch
from benchmark.errors import UserError, refuse
from benchmark.evaluation.qrels import read_qrels
from benchmark.hashing import sha256_file, sha256_json
from benchmark.paths import cache_root


class FilesCollection(LibraryCollection):
    """One split of a catalogue entry; its files are fetched when they are first read.

    Documents have no titles. A first line that is not counted in the catalogue names the columns and is left out.

    Args:
        source: where the files are; spec: the catalogue entry; split: which part of it.
    """

    def __init__(self, source: FilesSource, spec: CollectionSpec, split: str) -> None:
        super().__init__(spec.name, spec, split, "files")
        self.source = source
        self._expected = spec.splits[split]
        self._fetched: dict[str, Path] = {}

    def topics(self) -> Iterator[Topic]:
        """See `Collection.topics`; UserError for a file that is not there, malformed or of another length."""
        rows = self._rows(self.source.queries, "queries", self._expected.queries)
        return (Topic(qid, text) for qid, text in rows.items())

    def documents(self, docids: Sequence[str]) -> list[Document]:
        """See `Collection.documents`. The corpus is read once and kept."""
        self.check_corpus(docids, self._corpus)
        return [Document(docid, "", self._corpus[docid]) for docid in docids]

    def corpus(self) -> Iterator[Document]:
        """See `Collection.corpus`."""
        return (Document(docid, "", text) for docid, text in self._corpus.items())

    def qrels(self) -> Qrels:
        """See `Collection.qrels`."""
        return read_qrels(self._file(self.source.qrels, "qrels"))

    def pins(self) -> dict[str, Any]:
        """The sha256 of the file of documents."""
        return {"corpus": sha256_file(self._file(self.source.corpus, "corpus"))}

    def first_stages(self) -> list[str]:
        """See `Collection.first_stages`."""
        names = super().first_stages()
        return [GIVEN, *(name for name in names if name != GIVEN)] if self.source.candidates else names

    def first_stage(self, name: str | None = None) -> FirstStage:
        """See `Collection.first_stage`."""
        if not self.source.candidates or name not in (None, GIVEN):
            return super().first_stage(name)
        lists = {qid: list(grades) for qid, grades in self.qrels().items()}
        return GivenOrder(GIVEN, self._runs.workshop, sha256_json(lists), lists=lists)

    def fetched_files(self) -> dict[str, Path]:
        """See `Collection.fetched_files`."""
        paths = {name: self._path(file, name) for name, file in self._files.items()}
        return {name: path for name, path in paths.items() if path.is_file()}

    @property
    def _files(self) -> dict[str, RemoteFile]:
        return {"corpus": self.source.corpus, "queries": self.source.queries, "qrels": self.source.qrels}

    def _path(self, file: RemoteFile, name: str) -> Path:
        return cache_root() / "collections" / self.name / f"{self.split}.{name}{Path(file.url).suffix}"

    def _file(self, file: RemoteFile, name: str) -> Path:
        found = self._fetched.get(name)
        if found is None:
            path = self._path(file, name)
            # Once an object: a file without a known hash would be fetched anew at every look.
            found = self._fetched[name] = fetch(file.url, path, file.sha256, self.progress, anew=self.anew)
        return found

    @cached_property
    def _corpus(self) -> dict[str, str]:
        return self._rows(self.source.corpus, "corpus", self._expected.documents)

    def _rows(self, file: RemoteFile, name: str, expected: int) -> dict[str, str]:
        path = self._file(file, name)
        found = read_pairs(path)
        if len(found) == expected + 1:
            del found[next(iter(found))]
        if len(found) != expected:
            raise UserError(
                f"{path}: {len(found):,} {name}, where the catalogue counts {expected:,}. It is not the file that was "
                f"catalogued: delete it to have it fetched anew from {file.url}."
            )
        return found


def read_pairs(path: Path) -> dict[str, str]:
    """Text by id, of tab-separated lines of two columns, quoted as in CSV where a text holds quotes or tabs.

    Raises:
        UserError: not UTF-8; or every line with another number of columns, without a text, or with an id used before.
    """
    problems: list[str] = []
    found: dict[str, str] = {}
    with opened(path, newline="") as stream:
        lines = csv.reader(stream, delimiter="\t", strict=True)
        try:
            for columns in lines:
                where = f"{path}:{lines.line_num}"
                if len(columns) != 2:
                    problems.append(f"{where}: expected an id and a text, found {len(columns)} columns.")
                elif not columns[0] or not columns[1].strip():
                    problems.append(f"{where}: the id or the text is empty.")
                elif columns[0].split() != [columns[0]]:
                    problems.append(f"{where}: id {columns[0]!r} has white space; a run file cannot hold it.")
                elif columns[0] in found:
                    problems.append(f"{where}: id '{columns[0]}' was used before.")
                else:
                    found[columns[0]] = columns[1]
        except csv.Error as error:
            problems.append(f"{path}:{lines.line_num}: not tab-separated text ({error}).")
    refuse(str(path), problems)
    return found
