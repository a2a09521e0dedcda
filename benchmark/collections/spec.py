"""What the catalogue says of a collection."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from benchmark.schema import Strict

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class RunSpec(Strict):
    """A fixed first-stage run."""

    file: str
    """TREC run file, relative to the split's folder."""
    sha256: Sha256
    depth: int = Field(gt=0)
    description: str


class SplitSpec(Strict):
    """One split of a collection: a folder with ``corpus.jsonl``, ``queries.jsonl`` and ``qrels.tsv``."""

    folder: str
    """Relative to the catalogue file."""
    sha256: Sha256
    """Of corpus, queries and judgements together; see `folder.content_hash`."""
    queries: int = Field(gt=0)
    documents: int = Field(gt=0)
    runs: dict[str, RunSpec] = Field(default_factory=dict)


class CollectionSpec(Strict):
    """One collection of the catalogue."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str
    family: str
    description: str
    licence: str
    url: str | None = None
    grades: dict[int, str]
    """Meaning of each judgement grade."""
    relevant_from: int = Field(default=1, gt=0)
    """Lowest grade that counts as relevant in MAP, MRR and recall."""
    first_stage: str
    """Name of the run that is re-ranked unless another is asked for."""
    splits: dict[str, SplitSpec]
