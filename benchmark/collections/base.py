"""The loader interface: every collection, wherever its files are, looks like this."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.collections.rules import NO_RULES, Rules
from benchmark.downloads import Progress, silent
from benchmark.errors import UserError, some


@dataclass(frozen=True)
class Topic:
    """One query.

    Attributes:
        qid: its identifier; text: what is asked; group: a label to report by (the demo's flavour), if any.
    """

    qid: str
    text: str
    group: str | None = None


@dataclass(frozen=True)
class Document:
    """One document; the title is empty where it has none."""

    docid: str
    title: str
    text: str


@dataclass(frozen=True)
class Hit:
    """One line of a first-stage run."""

    docid: str
    score: float


Qrels = Mapping[str, Mapping[str, int]]
"""Grade by qid and docid."""


@dataclass(frozen=True)
class FirstStage:
    """A fixed first-stage run of a collection.

    Attributes:
        name: its name in the collection; path: a run file; sha256: of that file.
        rules: what is removed from its lists.
        excluded: docids by qid, for the rules.
        depth: documents of a topic at most, as catalogued; None: not known.
    """

    name: str
    path: Path
    sha256: str
    rules: Rules = NO_RULES
    excluded: Mapping[str, frozenset[str]] = field(default_factory=dict)
    depth: int | None = None

    def hits(self) -> dict[str, list[Hit]]:
        """Candidates of each topic, best first, less what the rules remove; UserError for a malformed file."""
        return self.rules.applied(self.read(), self.excluded)

    def read(self) -> dict[str, list[Hit]]:
        """The lists as they are; UserError with every problem of a malformed file."""
        from benchmark.evaluation.runfile import read_run

        return read_run(self.path)


class NotInCorpus(UserError):
    """Documents that were asked for and are not there.

    Args:
        collection: where they are not; missing: their ids, all of them; the message lists the first.
    """

    def __init__(self, collection: str, missing: Sequence[str]) -> None:
        self.missing = tuple(missing)
        super().__init__(f"Collection '{collection}': not in the corpus ({len(missing)} in all): {some(missing)}.")


class Collection(ABC):
    """Topics, documents, judgements and runs of one split; nothing is read before it is asked for.

    Attributes:
        name: the collection's name; split: which part of it; revision: sha256 of topics, documents and judgements.
        relevant_from: lowest grade that counts as relevant in MAP, MRR and recall.
        rules: what is done to its candidates before they are ranked.
        progress: told of downloads; anew: whether a damaged file that was fetched is replaced.
    """

    name: str
    split: str
    title: str
    family: str
    relevant_from: int
    rules: Rules = NO_RULES
    progress: Progress = staticmethod(silent)
    anew: bool = False

    @property
    @abstractmethod
    def revision(self) -> str:
        """sha256 over the content of its files."""

    @abstractmethod
    def topics(self) -> Iterator[Topic]:
        """All topics, in file order."""

    @abstractmethod
    def documents(self, docids: Sequence[str]) -> list[Document]:
        """The documents with these ids, in this order; UserError that lists ids that are not in the corpus."""

    def check_corpus(self, docids: Sequence[str], known: Container[str]) -> None:
        """`NotInCorpus` for ids that are not known."""
        missing = [docid for docid in docids if docid not in known]
        if missing:
            raise NotInCorpus(self.name, missing)

    @abstractmethod
    def corpus(self) -> Iterator[Document]:
        """All documents, one at a time."""

    @abstractmethod
    def qrels(self) -> Qrels:
        """Judgements."""

    @abstractmethod
    def first_stages(self) -> list[str]:
        """Names of its runs, the default one first."""

    @abstractmethod
    def first_stage(self, name: str | None = None) -> FirstStage:
        """A run by name, or the default one; UserError when there is none of that name."""

    def fetched_files(self) -> Mapping[str, Path]:
        """Files of the documents, topics and judgements that were fetched and are here, by name; none by default."""
        return {}

    def excluded(self) -> Mapping[str, frozenset[str]]:
        """Documents that the collection excludes for a topic, by qid, for its rules; none by default."""
        return {}
