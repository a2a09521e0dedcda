"""Collections of the library ir-datasets; documents are looked up in its store, never loaded whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock

from benchmark.collections.base import Document, FirstStage, Hit, Qrels, Topic
from benchmark.collections.ir_files import downloads, library
from benchmark.collections.library import LibraryCollection
from benchmark.collections.rules import Rules
from benchmark.collections.spec import CollectionSpec
from benchmark.errors import UserError
from benchmark.hashing import sha256_json
from benchmark.names import did_you_mean
from benchmark.paths import cache_root

PREFIX = "ir-datasets/"
"""Before the id of a dataset that is in no catalogue."""

SPLITS = {"train", "dev", "val", "validation", "test"}
"""Last parts of ids that name a split."""

SCORED = "scoreddocs"
"""Name of the run that a dataset brings along."""

EXCLUDING, EXCLUDED = "bright/", -100
"""Datasets that exclude documents for a topic, and the grade by which the library says so."""

T = TypeVar("T")


@dataclass(frozen=True)
class ScoredDocs(FirstStage):
    """Lists that come with a dataset; those without scores stay in the order given."""

    lists: dict[str, list[Hit]] = field(default_factory=dict)

    def read(self) -> dict[str, list[Hit]]:
        """See `FirstStage.read`."""
        return self.lists


class IrDatasetsCollection(LibraryCollection):
    """A dataset by its id.

    Args:
        dataset: such as ``beir/scifact/test``; the others as for `LibraryCollection`.
        query_field: field of the queries that is asked; None: their text.

    Raises:
        UserError: ir-datasets has no such dataset, or it lacks topics, judgements or documents.
    """

    def __init__(self, dataset: str, spec: CollectionSpec | None, split: str, query_field: str | None = None) -> None:
        super().__init__(PREFIX + dataset, spec, split, "ir-datasets")
        self.dataset = dataset
        self.query_field = query_field
        if spec is None and dataset.startswith(EXCLUDING):
            self.rules = Rules(drop_excluded=True)
        missing = [kind for kind in ("queries", "qrels", "docs") if not getattr(self._loaded, f"has_{kind}")()]
        if missing:
            raise UserError(
                f"ir-datasets id '{dataset}' has no {', '.join(missing)}: nothing can be re-ranked and measured there."
            )

    def topics(self) -> Iterator[Topic]:
        """See `Collection.topics`."""
        return self._reading(lambda: iter([self._topic(found) for found in self._queries()]))

    def documents(self, docids: Sequence[str]) -> list[Document]:
        """See `Collection.documents`; the store is built once from the library's download."""
        found: dict[str, Any] = self._reading(lambda: self._store.get_many(docids))
        self.check_corpus(docids, found)
        return [_document(found[docid]) for docid in docids]

    def corpus(self) -> Iterator[Document]:
        """See `Collection.corpus`."""
        iterator: Iterator[Any] = self._reading(self._loaded.docs_iter)
        return (_document(found) for found in iterator)

    def qrels(self) -> Qrels:
        """See `Collection.qrels`."""
        return self._judged[0]

    def pins(self) -> dict[str, Any]:
        """The dataset's id; the library holds its downloads to md5 sums."""
        return {"ir-datasets": self.dataset}

    def fetched_files(self) -> dict[str, Path]:
        """See `Collection.fetched_files`: the library's downloads, not the stores that it builds from them."""
        return {file.name: file.path for file in downloads(self.dataset) if file.path.is_file()}

    def excluded(self) -> Mapping[str, frozenset[str]]:
        """See `Collection.excluded`: the library notes them as judgements of a grade of their own."""
        return self._judged[1]

    def first_stages(self) -> list[str]:
        """See `Collection.first_stages`; lists that come with the dataset (TREC's re-ranking tasks) count."""
        names = super().first_stages()
        return [*names, *([SCORED] if self._loaded.has_scoreddocs() and SCORED not in names else [])]

    def first_stage(self, name: str | None = None) -> FirstStage:
        """See `Collection.first_stage`."""
        chosen = name or (self.spec.first_stage if self.spec else None)
        if chosen != SCORED or not self._loaded.has_scoreddocs():
            return super().first_stage(name)
        lists = self._reading(self._read_scored)
        sha256 = sha256_json({qid: [[hit.docid, hit.score] for hit in hits] for qid, hits in lists.items()})
        return ScoredDocs(SCORED, self._runs.workshop, sha256, self.rules, lists=lists)

    def _read_scored(self) -> dict[str, list[Hit]]:
        lists: dict[str, list[Hit]] = {}
        for found in self._loaded.scoreddocs_iter():
            lists.setdefault(found.query_id, []).append(Hit(found.doc_id, float(found.score)))
        return {qid: sorted(hits, key=lambda hit: -hit.score) for qid, hits in lists.items()}

    @cached_property
    def _judged(self) -> tuple[Qrels, dict[str, frozenset[str]]]:
        return self._reading(self._read_qrels)

    def _read_qrels(self) -> tuple[Qrels, dict[str, frozenset[str]]]:
        qrels: dict[str, dict[str, int]] = {}
        excluded: dict[str, set[str]] = {}
        for found in self._loaded.qrels_iter():
            if self.dataset.startswith(EXCLUDING) and found.relevance == EXCLUDED:
                excluded.setdefault(found.query_id, set()).add(found.doc_id)
            else:
                qrels.setdefault(found.query_id, {})[found.doc_id] = int(found.relevance)
        return qrels, {qid: frozenset(docids) for qid, docids in excluded.items()}

    def _topic(self, query: Any) -> Topic:
        if self.query_field is None:
            # BRIGHT's queries, for one, do not say which text is theirs.
            return Topic(query.query_id, query.default_text() if hasattr(query, "default_text") else query.text)
        text = getattr(query, self.query_field, None)
        if not isinstance(text, str) or not text.strip():
            raise UserError(f"Collection '{self.name}': query '{query.query_id}' has no text '{self.query_field}'.")
        return Topic(query.query_id, text)

    def _queries(self) -> Iterator[Any]:
        iterator: Iterator[Any] = self._loaded.queries_iter()
        return iterator

    def _reading(self, read: Callable[[], T]) -> T:
        """What ``read`` gives, one process at a time, since it may download; a failure in words."""
        import requests

        locks = cache_root() / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(locks / f"ir-datasets-{self.dataset.partition('/')[0]}.lock"):
                return read()
        except (requests.RequestException, RuntimeError, FileNotFoundError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UserError(
                f"Collection '{self.name}': ir-datasets could not get its files ({reason}). Check the connection, or "
                f"lay the files out under {library().util.home_path()} as ir-datasets describes."
            ) from error

    @cached_property
    def _loaded(self) -> Any:
        found = library()
        try:
            return found.load(self.dataset)
        except KeyError:
            raise UserError(
                f"Unknown ir-datasets id '{self.dataset}'. {did_you_mean(self.dataset, list(found.registry))}"
            ) from None

    @cached_property
    def _store(self) -> Any:
        return self._loaded.docs_store()


def by_name(name: str, split: str) -> IrDatasetsCollection:
    """A dataset that is in no catalogue; its id says which split it is."""
    last = name.rpartition("/")[2]
    own = last if last in SPLITS else "test"
    if split != own:
        raise UserError(
            f"ir-datasets id '{name}' counts as split '{own}', not '{split}'. Name the id of the other split."
        )
    return IrDatasetsCollection(name, None, split)


def _document(found: Any) -> Document:
    text = getattr(found, "text", None)
    return Document(
        found.doc_id,
        getattr(found, "title", None) or "",
        text if isinstance(text, str) else found.default_text(),
    )
