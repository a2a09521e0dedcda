"""Tasks of mteb: the real library's loader on a small dataset repository laid out in a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import datasets
import mteb
import pytest

from benchmark.collections import catalogue
from benchmark.collections.base import Document
from benchmark.collections.mteb_tasks import MtebCollection
from benchmark.collections.rules import Rules
from benchmark.collections.spec import CollectionSpec
from benchmark.errors import UserError
from tests.support.collection import DOCUMENTS, QUERIES
from tests.support.libraries import GRADES, TITLE, lay_out_mteb

TASK = "NanoSciFactRetrieval"
LISTS = {qid: list(DOCUMENTS)[:-2] for qid in GRADES}

Place = Callable[[Path], None]


@pytest.fixture
def place(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Place:
    """Lets the task find its dataset in a folder."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    dataset = mteb.get_task(TASK).metadata.dataset

    def placed(folder: Path) -> None:
        monkeypatch.setitem(dataset, "path", str(folder))

    return placed


def revision() -> str:
    return str(mteb.get_task(TASK).metadata.dataset["revision"])


def entry(**rules: bool) -> CollectionSpec:
    source = {"kind": "mteb", "task": TASK, "split": "train", "revision": revision()}
    return CollectionSpec.model_validate(
        {
            "name": "nano-town",
            "title": "Town",
            "family": "Towns",
            "description": "For tests.",
            "licence": "CC0-1.0",
            "grades": {0: "not relevant", 1: "relevant"},
            "rules": rules,
            "first_stage": "bm25s",
            "splits": {"test": {"source": source, "queries": 3, "documents": 8}},
        }
    )


def test_topics_documents_and_judgements(place: Place, tmp_path: Path) -> None:
    place(lay_out_mteb(tmp_path / "repository", "train"))
    found = catalogue.find(f"mteb/{TASK}")
    assert {topic.qid: topic.text for topic in found.topics()} == {qid: QUERIES[qid] for qid in GRADES}
    assert found.documents(["d3", "d1"]) == [Document(docid, TITLE, DOCUMENTS[docid]) for docid in ("d3", "d1")]
    assert found.qrels() == GRADES
    assert [document.docid for document in found.corpus()] == list(DOCUMENTS)
    assert found.first_stages() == ["bm25s"]
    assert len(found.revision) == 64
    with pytest.raises(UserError, match=r"not in the corpus \(1 in all\): x1"):
        found.documents(["x1"])


def test_lists_of_a_re_ranking_task_are_its_first_stage(place: Place, tmp_path: Path) -> None:
    place(lay_out_mteb(tmp_path / "repository", "train", LISTS))
    run = catalogue.find(f"mteb/{TASK}").first_stage()
    assert run.name == "given"
    assert {qid: [hit.docid for hit in hits] for qid, hits in run.hits().items()} == LISTS


def test_lists_of_a_task_that_excludes_documents_are_no_candidates(place: Place, tmp_path: Path) -> None:
    place(lay_out_mteb(tmp_path / "repository", "train", LISTS))
    found = MtebCollection(TASK, "default", "train", entry(drop_excluded=True), "test", revision())
    assert found.rules == Rules(drop_excluded=True)
    assert found.first_stages() == ["bm25s"]
    assert found.excluded() == {qid: frozenset(list(DOCUMENTS)[-2:]) for qid in GRADES}


def test_names_and_revisions_are_checked(place: Place) -> None:
    with pytest.raises(UserError, match=rf"Unknown mteb task 'NanoSciFactRetrieva'\. .*{TASK}"):
        catalogue.find("mteb/NanoSciFactRetrieva")
    with pytest.raises(UserError, match=r"'Banking77Classification' is no retrieval or re-ranking task, so"):
        catalogue.find("mteb/Banking77Classification")
    with pytest.raises(UserError, match=r"Unknown split of mteb task .*: 'dev'"):
        catalogue.find(f"mteb/{TASK}", "dev")
    with pytest.raises(UserError, match=r"catalogued at revision abc of its dataset, the installed mteb has"):
        MtebCollection(TASK, "default", "train", entry(), "test", "abc")


def test_an_unknown_subset_is_refused(place: Place, tmp_path: Path) -> None:
    place(lay_out_mteb(tmp_path / "repository", "train"))
    with pytest.raises(UserError, match=r"no subset 'nl' with split 'train'\. It has: default/train"):
        list(catalogue.find(f"mteb/{TASK}/nl").topics())


def test_a_dataset_that_cannot_be_loaded_is_explained(place: Place, tmp_path: Path) -> None:
    place(tmp_path / "nowhere")
    with pytest.raises(UserError, match=rf"mteb could not load task '{TASK}'"):
        list(catalogue.find(f"mteb/{TASK}").topics())
