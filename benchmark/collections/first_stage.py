"""Make a first-stage run with BM25 (bm25s): same documents and topics, same bytes, on any machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from benchmark.collections.base import Document, Hit, Topic
from benchmark.collections.lucene import analyser

K1, B = 0.9, 0.4
"""Anserini's parameters."""

Analyse = Callable[[str], list[str]]
"""Gives the terms of a text."""


def bm25_run(
    documents: Iterable[Document],
    topics: Iterable[Topic],
    depth: int,
    analyse: Analyse | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, list[Hit]]:
    """Best ``depth`` documents of every topic.

    Lucene's BM25 with k1=0.9 and b=0.4 over title and text; scores to six decimals, equal scores in order of docid.
    Documents that share no term with the topic fill up the list with score zero, so that every list has ``depth``
    documents where the corpus has as many. Lucene itself rounds lengths of documents to one byte; here they are exact.

    Args:
        documents: taken one at a time, in any order; only their term numbers are kept, four bytes each.
        analyse: text to terms; None: as Lucene's EnglishAnalyzer.
        progress: called with the number of documents read.
    """
    import bm25s

    terms = analyse or analyser()
    vocabulary: dict[str, int] = {}
    docids: list[str] = []
    numbers: list[np.ndarray] = []
    for document in documents:
        found = [
            vocabulary.setdefault(term, len(vocabulary)) for term in terms(f"{document.title} {document.text}".strip())
        ]
        docids.append(document.docid)
        numbers.append(np.array(found, dtype=np.int32))
        progress(len(docids))
    by_docid = np.argsort(np.array(sorted(range(len(docids)), key=docids.__getitem__), dtype=np.int64))
    index = bm25s.BM25(method="lucene", k1=K1, b=B) if vocabulary else None
    if index is not None:
        index.index((numbers, vocabulary), show_progress=False)
    numbers.clear()
    run = {}
    for topic in topics:
        known = [vocabulary[term] for term in terms(topic.text) if term in vocabulary]
        scores = np.zeros(len(docids), dtype=np.float32)
        if index is not None and known:
            scores = index.get_scores_from_ids(known)
        run[topic.qid] = [Hit(docids[at], score) for at, score in _best(scores, by_docid, depth)]
    return run


def _best(scores: np.ndarray, by_docid: np.ndarray, depth: int) -> list[tuple[int, float]]:
    """Places and rounded scores of the best, equal ones in order of docid.

    Args:
        scores: ``[documents]``; by_docid: ``[documents]``, the place of each in the order of docids.
    """
    rounded = np.round(scores.astype(np.float64), 6)
    candidates = np.arange(len(rounded))
    if depth < len(rounded):
        least = np.partition(rounded, len(rounded) - depth)[len(rounded) - depth]
        candidates = np.flatnonzero(rounded >= least)
    order = np.lexsort((by_docid[candidates], -rounded[candidates]))[:depth]
    return [(int(at), float(rounded[at])) for at in candidates[order]]
