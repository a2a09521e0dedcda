"""Datasets of ir-datasets: the real library on small files laid out in its home."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmark.collections import catalogue, workshop
from benchmark.collections.base import Document
from benchmark.collections.irdatasets import IrDatasetsCollection
from benchmark.collections.rules import Rules
from benchmark.collections.spec import CollectionSpec
from benchmark.errors import UserError
from benchmark.evaluation.runfile import read_run
from tests.support.collection import DOCUMENTS, QUERIES
from tests.support.libraries import GRADES, TITLE, lay_out_beir, lay_out_bright


@pytest.fixture
def scifact(cache: Path) -> IrDatasetsCollection:
    lay_out_beir()
    found = catalogue.find("ir-datasets/beir/scifact/test")
    assert isinstance(found, IrDatasetsCollection)
    return found


def test_topics_documents_and_judgements(scifact: IrDatasetsCollection) -> None:
    assert {topic.qid: topic.text for topic in scifact.topics()} == {qid: QUERIES[qid] for qid in GRADES}
    assert scifact.documents(["d3", "d1"]) == [Document(docid, TITLE, DOCUMENTS[docid]) for docid in ("d3", "d1")]
    assert scifact.qrels() == GRADES
    assert [document.docid for document in scifact.corpus()] == list(DOCUMENTS)
    assert (scifact.name, scifact.family, scifact.relevant_from) == ("ir-datasets/beir/scifact/test", "ir-datasets", 1)


def test_the_revision_is_that_of_topics_and_judgements(scifact: IrDatasetsCollection) -> None:
    again = IrDatasetsCollection("beir/scifact/test", None, "test")
    assert again.revision == scifact.revision
    assert len(scifact.revision) == 64


def test_missing_documents_are_listed(scifact: IrDatasetsCollection) -> None:
    with pytest.raises(UserError, match=r"not in the corpus \(2 in all\): x1, x2"):
        scifact.documents(["d1", "x1", "x2"])


def test_a_pinned_entry_that_changed_is_refused(scifact: IrDatasetsCollection) -> None:
    spec = entry(sha256="0" * 64)
    with pytest.raises(UserError, match=r"Collection 'town' \(test\) is not the catalogued one: sha256 expected 000"):
        _ = IrDatasetsCollection("beir/scifact/test", spec, "test").revision
    assert (
        IrDatasetsCollection("beir/scifact/test", entry(sha256=scifact.revision), "test").revision == scifact.revision
    )


def test_an_entry_gives_name_rules_and_runs(scifact: IrDatasetsCollection) -> None:
    found = IrDatasetsCollection("beir/scifact/test", entry(), "test")
    assert (found.name, found.title, found.rules, found.relevant_from) == ("town", "Town", Rules(drop_own_id=True), 2)
    assert found.first_stages() == ["bm25s"]


def test_lists_of_a_dataset_are_a_run(scifact: IrDatasetsCollection) -> None:
    """A stand-in for the few datasets that bring lists; all of these are large."""
    listed = [("q1", "d3", 0.0), ("q2", "d1", 1.0), ("q1", "d1", 0.0), ("q2", "d2", 2.0)]
    scored = [SimpleNamespace(query_id=qid, doc_id=docid, score=score) for qid, docid, score in listed]
    loaded = SimpleNamespace(has_scoreddocs=lambda: True, scoreddocs_iter=lambda: iter(scored))
    scifact.__dict__["_loaded"] = loaded
    assert scifact.first_stages() == ["bm25s", "scoreddocs"]
    run = scifact.first_stage("scoreddocs")
    assert {qid: [hit.docid for hit in hits] for qid, hits in run.hits().items()} == {
        "q1": ["d3", "d1"],
        "q2": ["d2", "d1"],
    }
    assert run.sha256 == scifact.first_stage("scoreddocs").sha256


def test_lists_of_a_dataset_can_be_the_default(cache: Path) -> None:
    import ir_datasets

    spec = catalogue.entries()["trec-dl-2023"]
    assert ir_datasets.load("msmarco-passage-v2/trec-dl-2023/judged").has_scoreddocs()
    found = catalogue.find(spec.name)
    assert found.first_stages() == ["scoreddocs"]
    found.__dict__["_loaded"] = SimpleNamespace(
        has_scoreddocs=lambda: True,
        scoreddocs_iter=lambda: iter([SimpleNamespace(query_id="q1", doc_id="d3", score=1.0)]),
    )
    assert [hit.docid for hit in found.first_stage().hits()["q1"]] == ["d3"]


def test_documents_that_bright_excludes_are_no_judgements(cache: Path) -> None:
    lay_out_bright()
    found = catalogue.find("ir-datasets/bright/pony")
    assert found.qrels() == {"q1": {"d2": 1}, "q2": {"d3": 1}, "q3": {"d4": 1}}
    assert found.excluded() == {"q1": frozenset({"d0", "d1"})}
    assert found.rules == Rules(drop_excluded=True)
    built = workshop.build(found, workshop.BM25, 8)
    lists = found.first_stage("bm25s").hits()
    assert {len(hits) for hits in read_run(built.path).values()} == {8}
    assert {qid: len(hits) for qid, hits in lists.items()} == {"q1": 6, "q2": 8, "q3": 8}


def test_reasoning_can_be_the_query(cache: Path) -> None:
    lay_out_bright()
    found = catalogue.find("bright-pony-gpt4-reason")
    assert {topic.qid: topic.text for topic in found.topics()} == {qid: f"Think: {QUERIES[qid]}" for qid in GRADES}
    with pytest.raises(UserError, match=r"query 'q1' has no text 'gpt5_reason'"):
        list(IrDatasetsCollection("bright/pony", None, "test", "gpt5_reason").topics())


def test_names_are_checked(cache: Path) -> None:
    lay_out_beir()
    with pytest.raises(UserError, match=r"Unknown .* id 'beir/scifac/test'\. Did you mean 'beir/scifact/test'"):
        catalogue.find("ir-datasets/beir/scifac/test")
    with pytest.raises(UserError, match=r"'beir/scifact/train' counts as split 'train', not 'test'"):
        catalogue.find("ir-datasets/beir/scifact/train")
    with pytest.raises(UserError, match=r"'beir/scifact' has no qrels: nothing can be re-ranked"):
        catalogue.find("ir-datasets/beir/scifact")


def test_a_download_that_fails_is_explained(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IR_DATASETS_DL_TRIES", "1")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(UserError, match=r"ir-datasets could not get its files .*lay the files out under"):
        list(catalogue.find("ir-datasets/beir/nfcorpus/test").topics())


def entry(sha256: str | None = None) -> CollectionSpec:
    return CollectionSpec.model_validate(
        {
            "name": "town",
            "title": "Town",
            "family": "Towns",
            "description": "For tests.",
            "licence": "CC0-1.0",
            "grades": {0: "not relevant", 1: "relevant"},
            "relevant_from": 2,
            "rules": {"drop_own_id": True},
            "first_stage": "bm25s",
            "splits": {
                "test": {
                    "source": {"kind": "ir-datasets", "id": "beir/scifact/test"},
                    "queries": 3,
                    "documents": 8,
                    "sha256": sha256,
                }
            },
        }
    )
