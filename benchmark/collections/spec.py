"""What the catalogue says of a collection."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from benchmark.collections.rules import Rules
from benchmark.schema import Strict

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class RunSpec(Strict):
    """A fixed first-stage run: a file beside the catalogue, or one that is fetched."""

    file: str | None = None
    """Relative to the split's folder."""
    url: str | None = None
    sha256: Sha256
    bytes: int | None = Field(default=None, gt=0)
    """Size of a file that is fetched."""
    format: Literal["trec", "rank-llm"] = "trec"
    """Six columns; or JSON lines with ``query`` and ``candidates`` as rank_llm writes them."""
    depth: int = Field(gt=0)
    description: str
    """How it was made, in words."""
    origin: str | None = None
    """Where it was published, with the commit."""
    ndcg_at_10: float | None = Field(default=None, ge=0, le=1)
    """As published for this run."""

    @model_validator(mode="after")
    def _one_place(self) -> RunSpec:
        if (self.file is None) == (self.url is None):
            raise ValueError("a run has either a file or a url")
        return self


class FolderSource(Strict):
    """A folder with ``corpus.jsonl``, ``queries.jsonl`` and ``qrels.tsv``."""

    kind: Literal["folder"]
    folder: str
    """Relative to the catalogue file."""


class IrDatasetsSource(Strict):
    """A dataset of the library ir-datasets, which pins its downloads by md5."""

    kind: Literal["ir-datasets"]
    id: str
    query_field: str | None = None
    """Field of its queries that is asked (BRIGHT's reasoning of a model); None: what the library takes as the text."""


class MtebSource(Strict):
    """A retrieval or re-ranking task of the library mteb, which pins its dataset's revision."""

    kind: Literal["mteb"]
    task: str
    subset: str = "default"
    split: str = "test"
    revision: str
    """Of the dataset, as in the mteb release that the catalogue was written for; another one is refused."""


class RemoteFile(Strict):
    """A file of a public repository; its address names the commit."""

    url: str = Field(pattern=r"^https?://")
    sha256: Sha256 | None = None
    """None where no text was at hand to compute it from: the commit alone tells which file it is."""
    bytes: int | None = Field(default=None, gt=0)
    """None where only a rounded size is published."""


class FilesSource(Strict):
    """Three files of a repository: documents and topics as tab-separated lines (id, text), judgements as TREC's."""

    kind: Literal["files"]
    corpus: RemoteFile
    queries: RemoteFile
    qrels: RemoteFile
    candidates: bool = False
    """Whether the documents judged for a topic, in the order of the judgements, are the candidates it comes with."""


class ByHandSource(Strict):
    """A folder in BEIR's form that users put into the cache themselves: the documents may not be passed on."""

    kind: Literal["by-hand"]
    how: str
    """What to do, in words: a sentence after "not on this machine"."""


Source = Annotated[
    FolderSource | IrDatasetsSource | MtebSource | FilesSource | ByHandSource, Field(discriminator="kind")
]


class SplitSpec(Strict):
    """One split of a collection."""

    source: Source
    sha256: Sha256 | None = None
    """Of corpus, topics and judgements together (`Collection.revision`); None where it was not computed yet."""
    queries: int = Field(gt=0)
    documents: int = Field(gt=0)
    bytes: int | None = Field(default=None, gt=0)
    """Size of documents, topics and judgements before they are fetched: of the downloads as ir-datasets states it, of
    the texts as mteb counts them (characters), or of the files of a repository; None where nobody states it."""
    runs: dict[str, RunSpec] = Field(default_factory=dict)


class PublishedBm25(Strict):
    """nDCG@10 of BM25 as published, to compare a built run with."""

    ndcg_at_10: float = Field(ge=0, le=1)
    source: str
    """Where it was published."""
    note: str | None = None
    """What the number is of, such as which index."""
    difference: str | None = None
    """Why a run that is built here differs by more than 0.01, where it does or may."""


class CollectionSpec(Strict):
    """One collection of the catalogue."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str
    family: str
    description: str
    licence: str
    url: str | None = None
    citation: str | None = None
    """BibTeX key, DOI or arXiv number of the paper to cite."""
    grades: dict[int, str]
    """Meaning of each judgement grade."""
    relevant_from: int = Field(default=1, gt=0)
    """Lowest grade that counts as relevant in MAP, MRR and recall."""
    rules: Rules = Rules()
    first_stage: str
    """Name of the run that is re-ranked unless another is asked for."""
    bm25: PublishedBm25 | None = None
    splits: dict[str, SplitSpec]
