"""What keeps our BM25 from Lucene's published number is how Lucene stores lengths, and nothing else.

Lucene keeps a document's length in one byte: lengths up to 39 exactly, others with four significant bits
(org.apache.lucene.util.SmallFloat, intToByte4 and byte4ToInt).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.collections.base import Collection
from benchmark.collections.catalogue import find
from benchmark.collections.first_stage import K1, B
from benchmark.collections.lucene import analyser
from benchmark.evaluation.metrics import evaluate, mean

EXACT = 24
"""Lengths that are kept apart from the rounded ones, which start to count from here."""


def rounded(length: int) -> int:
    """A length as Lucene reads it back."""
    if length < EXACT:
        return length
    bits = max((length - EXACT).bit_length() - 4, 0)
    return EXACT + (((length - EXACT) >> bits) << bits)


def rankings(collection: Collection, kept: Callable[[int], int], depth: int = 100) -> dict[str, list[str]]:
    """Lists by BM25's formula, written out, over lengths as ``kept`` gives them."""
    terms = analyser()
    docids: list[str] = []
    lengths: list[int] = []
    postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for at, document in enumerate(collection.corpus()):
        found = Counter(terms(f"{document.title} {document.text}".strip()))
        docids.append(document.docid)
        lengths.append(found.total())
        for term, times in found.items():
            postings[term].append((at, times))
    average = sum(lengths) / len(lengths)
    norms = [K1 * (1 - B + B * kept(length) / average) for length in lengths]
    lists = {}
    for topic in collection.topics():
        scores: dict[int, float] = defaultdict(float)
        for term in terms(topic.text):
            having = postings.get(term, [])
            idf = math.log(1 + (len(docids) - len(having) + 0.5) / (len(having) + 0.5))
            for at, times in having:
                scores[at] += idf * times / (times + norms[at])
        best = sorted(scores, key=lambda at: (-scores[at], docids[at]))[:depth]
        lists[topic.qid] = [docids[at] for at in best]
    return lists


def test_lengths_as_lucene_reads_them_back() -> None:
    assert [rounded(length) for length in (0, 1, 23, 24, 39, 40, 41, 42, 56, 57, 1000)] == [
        *(0, 1, 23, 24, 39, 40, 40, 42, 56, 56, 984)
    ]


def test_with_rounded_lengths_it_is_the_published_number(shared: Path) -> None:
    """With exact ones it is 0.6777, as `tests.collections.test_shared_data` builds it."""
    folder = shared / "data" / "scifact"
    if not folder.is_dir():
        pytest.skip("no scifact in the shared data")
    collection = find(str(folder))
    values = mean(evaluate(rankings(collection, rounded), collection.qrels()))
    assert (round(values["nDCG@10"], 4), round(values["recall@100"], 4)) == (0.6789, 0.9253)
