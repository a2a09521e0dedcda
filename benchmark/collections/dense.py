"""Make a first-stage run with a dense or learned-sparse model of sentence-transformers; the corpus is a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from benchmark.collections.base import Document, Hit, Topic
from benchmark.collections.retrievers import Kind
from benchmark.errors import UserError

BLOCK = 4096
"""Documents embedded at a time; no more embeddings than these are held."""


def dense_run(
    model: Any,
    documents: Iterable[Document],
    topics: Iterable[Topic],
    depth: int,
    batch: int = 32,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, list[Hit]]:
    """Best ``depth`` documents of every topic by the model's own similarity (exact search, no index).

    Queries and documents get the prompts that the model defines for them. Scores to six decimals, equal ones in order
    of docid. The same machine and model give the same bytes; others may differ in the last digits.

    Args:
        model: a ``SentenceTransformer`` or ``SparseEncoder``; documents: taken one at a time.
        batch: texts embedded in one pass.
        progress: called with the number of documents done.
    """
    asked = list(topics)
    queries = model.encode_query([topic.text for topic in asked], **_settings(batch))
    docids: list[list[str]] = [[] for _ in asked]
    scores: list[list[float]] = [[] for _ in asked]
    done = 0
    for block in _blocks(documents, BLOCK):
        texts = [f"{document.title} {document.text}".strip() for document in block]
        found: Tensor = model.similarity(queries, model.encode_document(texts, **_settings(batch)))
        # A learned-sparse model may give its products as a sparse matrix.
        for at, row in enumerate(found.to_dense().double().cpu().round(decimals=6)):
            kept = _best([*docids[at], *(document.docid for document in block)], [*scores[at], *row.tolist()], depth)
            docids[at], scores[at] = [docid for docid, _ in kept], [score for _, score in kept]
        done += len(block)
        progress(done)
    return {
        topic.qid: [Hit(docid, score) for docid, score in zip(docids[at], scores[at], strict=True)]
        for at, topic in enumerate(asked)
    }


def load(name: str, revision: str | None, kind: Kind = "dense") -> Any:
    """An embedding model.

    Args:
        name: hub repository or folder; revision: hub commit, needed for a repository; kind: of its vectors.

    Raises:
        UserError: no revision, or a model that cannot be loaded.
    """
    from pathlib import Path

    if revision is None and not Path(name).is_dir():
        raise UserError(f"--model {name}: give the commit too (--model-revision), so that the run can be made again.")
    from sentence_transformers import SentenceTransformer, SparseEncoder

    try:
        return (SentenceTransformer if kind == "dense" else SparseEncoder)(name, revision=revision)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"--model {name}: cannot be loaded ({reason}).") from None


def _settings(batch: int) -> dict[str, Any]:
    return {"batch_size": batch, "convert_to_tensor": True, "show_progress_bar": False}


def _best(docids: Sequence[str], scores: Sequence[float], depth: int) -> list[tuple[str, float]]:
    if len(scores) > depth:
        least = torch.tensor(scores, dtype=torch.float64).topk(depth).values[-1].item()
        pairs = [(docid, score) for docid, score in zip(docids, scores, strict=True) if score >= least]
    else:
        pairs = list(zip(docids, scores, strict=True))
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:depth]


def _blocks(documents: Iterable[Document], size: int) -> Iterator[list[Document]]:
    stream = iter(documents)
    while block := list(islice(stream, size)):
        yield block
