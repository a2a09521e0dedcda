"""Real collections through our loader and metrics, against the numbers in the README of the shared data.

Those numbers, computed apart from this project, are published ones for DL19, SciFact and NFCorpus.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.collections.catalogue import find
from benchmark.collections.folder import read_corpus
from benchmark.evaluation.metrics import evaluate, mean

RUNS = [
    ("dl19", "bm25", 43, 0.5058),
    ("dl19", "contriever", 43, 0.6202),
    ("scifact", "bm25", 300, 0.6789),
    ("noveleval2306", "bm25", 21, 0.6978),
    ("musique200", "bm25", 200, 0.5346),
    ("dbpedia-entity40", "bm25", 40, 0.3504),
    ("cranfield", "bm25", 225, 0.3679),
    ("nfcorpus-notext", "bm25", 323, 0.3218),
]
CORPORA = [
    ("dl19", 9278),
    ("scifact", 5183),
    ("noveleval2306", 420),
    ("musique200", 3141),
    ("dbpedia-entity40", 5000),
    ("cranfield", 1400),
]


def folder_of(shared: Path, name: str) -> Path:
    folder = shared / "data" / name
    if not folder.is_dir():
        pytest.skip(f"no {name} in the shared data")
    return folder


@pytest.mark.parametrize(("name", "run", "topics", "expected"), RUNS)
def test_published_ndcg_is_reproduced(shared: Path, name: str, run: str, topics: int, expected: float) -> None:
    collection = find(str(folder_of(shared, name)))
    rankings = {qid: [hit.docid for hit in hits] for qid, hits in collection.first_stage(run).hits().items()}
    values = evaluate(rankings, collection.qrels())
    assert len(values["nDCG@10"]) == len(list(collection.topics())) == topics
    assert round(mean(values)["nDCG@10"], 4) == expected


@pytest.mark.parametrize(("name", "documents"), CORPORA)
def test_every_candidate_has_text(shared: Path, name: str, documents: int) -> None:
    collection = find(str(folder_of(shared, name)))
    assert sum(1 for _ in read_corpus(folder_of(shared, name))) == documents
    for run in collection.first_stages():
        candidates = {hit.docid for hits in collection.first_stage(run).hits().values() for hit in hits}
        assert all(document.text.strip() for document in collection.documents(sorted(candidates)))
    assert collection.first_stages()[0] == "bm25"


def test_judgements_alone_can_be_read(shared: Path) -> None:
    collection = find(str(folder_of(shared, "futurequeryeval-notext")))
    qrels = collection.qrels()
    assert (len(qrels), sum(map(len, qrels.values()))) == (148, 2938)
    assert collection.first_stages() == []
