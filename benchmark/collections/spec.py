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


class MtebSource(Strict):
    """A retrieval or re-ranking task of the library mteb, which pins its dataset's revision."""

    kind: Literal["mteb"]
    task: str
    subset: str = "default"
    split: str = "test"
    revision: str
    """Of the dataset, as in the mteb release that the catalogue was written for; another one is refused."""


Source = Annotated[FolderSource | IrDatasetsSource | MtebSource, Field(discriminator="kind")]


class SplitSpec(Strict):
    """One split of a collection."""

    source: Source
    sha256: Sha256 | None = None
    """Of corpus, topics and judgements together (`Collection.revision`); None where it was not computed yet."""
    queries: int = Field(gt=0)
    documents: int = Field(gt=0)
    runs: dict[str, RunSpec] = Field(default_factory=dict)


class PublishedBm25(Strict):
    """nDCG@10 of BM25 as published, to compare a built run with."""

    ndcg_at_10: float = Field(ge=0, le=1)
    source: str
    """Where it was published."""
    note: str | None = None
    """Why a run that is built here differs by more than 0.01, where it does."""


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
