"""BM25: the demo's runs can be made again, byte for byte, and lists are complete and ordered."""

from __future__ import annotations

from collections.abc import Callable

import bm25s
import pytest
import Stemmer

from benchmark.collections.base import Document, Hit, Topic
from benchmark.collections.catalogue import entries, find
from benchmark.collections.first_stage import bm25_run
from benchmark.collections.folder import FolderCollection, read_corpus
from benchmark.evaluation.metrics import evaluate, mean
from benchmark.evaluation.runfile import format_run


def bm25s_analyser() -> Callable[[str], list[str]]:
    """How bm25s itself makes terms, as the demo's runs were made: words of two characters and more."""
    stemmer = Stemmer.Stemmer("porter")

    def analyse(text: str) -> list[str]:
        (terms,) = bm25s.tokenize([text], stopwords="en", stemmer=stemmer, return_ids=False, show_progress=False)
        return terms

    return analyse


SMALL = [
    Document("d3", "", "cats sleep"),
    Document("d1", "", "dogs bark at the moon"),
    Document("d2", "Dogs", "they bark"),
    Document("d4", "", "moon and stars"),
]


@pytest.mark.parametrize("split", ["test", "train"])
def test_demo_run_is_made_again_with_the_same_bytes(split: str) -> None:
    spec = entries()["demo"].splits[split]
    collection = find("demo", split)
    assert isinstance(collection, FolderCollection)
    depth = spec.runs["bm25s"].depth
    run = bm25_run(read_corpus(collection.folder), collection.topics(), depth, bm25s_analyser())
    assert format_run(run, "bm25s").encode() == collection.first_stage("bm25s").path.read_bytes()


@pytest.mark.parametrize("split", ["test", "train"])
def test_demo_run_is_decent_and_leaves_room(split: str) -> None:
    collection = find("demo", split)
    rankings = {qid: [hit.docid for hit in hits] for qid, hits in collection.first_stage().hits().items()}
    ndcg = mean(evaluate(rankings, collection.qrels()))["nDCG@10"]
    reverse = {qid: docids[::-1] for qid, docids in rankings.items()}
    assert mean(evaluate(reverse, collection.qrels()))["nDCG@10"] < ndcg
    assert 0.5 < ndcg < 0.95, f"BM25 nDCG@10 of demo/{split} is {ndcg:.4f}"


def test_order_of_documents_does_not_matter() -> None:
    topics = [Topic("q", "barking dogs under the moon")]
    run = bm25_run(SMALL, topics, 4)
    assert run == bm25_run(SMALL[::-1], topics, 4)
    scores = [hit.score for hit in run["q"]]
    assert scores == sorted(scores, reverse=True)
    assert run["q"][-1] == Hit("d3", 0.0)


def test_titles_count() -> None:
    with_title = bm25_run([Document("a", "zebra", "x y"), Document("b", "", "z w")], [Topic("q", "zebra")], 2)["q"]
    assert with_title[0].docid == "a"
    assert with_title[0].score > 0


def test_lists_are_filled_up_in_order_of_docid_and_cut_at_depth() -> None:
    run = bm25_run(SMALL, [Topic("unknown", "quantum"), Topic("stop words", "the of and"), Topic("cats", "cats")], 3)
    assert run["unknown"] == run["stop words"] == [Hit("d1", 0.0), Hit("d2", 0.0), Hit("d3", 0.0)]
    assert [hit.docid for hit in run["cats"]] == ["d3", "d1", "d2"]
    assert len(bm25_run(SMALL, [Topic("q", "cats")], 100)["q"]) == len(SMALL)
