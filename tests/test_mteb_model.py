"""Our methods inside mteb: its own evaluation of a small task gives the score that ours gives."""

from __future__ import annotations

from pathlib import Path

import datasets
import mteb
import pytest

from benchmark.errors import UserError
from benchmark.evaluation.metrics import evaluate, mean
from benchmark.mteb_model import Reranker, loaded
from methods.base import Candidate
from tests.support.collection import DOCUMENTS, QUERIES
from tests.support.libraries import GRADES, TITLE, lay_out_mteb

TASK = "NanoSciFactRetrieval"
LISTS = {qid: [*list(DOCUMENTS)[at:], *list(DOCUMENTS)[:at]] for at, qid in enumerate(GRADES)}
OPTIONS = {"words": 6}


@pytest.fixture
def task(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> mteb.AbsTask:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    found = mteb.get_task(TASK)
    monkeypatch.setitem(found.metadata.dataset, "path", str(lay_out_mteb(tmp_path / "repository", "train", LISTS)))
    return found


def ndcg(model: Reranker, task: mteb.AbsTask) -> float:
    result = mteb.evaluate(model, task, cache=None, co2_tracker=False, show_progress_bar=False)
    (scores,) = result.task_results[0].scores["train"]
    return float(scores["ndcg_at_10"])


def test_mteb_measures_what_we_measure(task: mteb.AbsTask, tiny_folder: Path) -> None:
    method = loaded("icr:reversed", str(tiny_folder), OPTIONS)
    rankings = {}
    for qid, docids in LISTS.items():
        candidates = [Candidate(docid, DOCUMENTS[docid], TITLE) for docid in docids]
        scores = method.rerank(QUERIES[qid], candidates)
        rankings[qid] = [docids[at] for at in sorted(range(len(docids)), key=lambda at: -scores[at])]
    ours = mean(evaluate(rankings, GRADES))["nDCG@10"]
    given = mean(evaluate(LISTS, GRADES))["nDCG@10"]
    assert ours != given
    # mteb rounds to five decimals.
    assert ndcg(Reranker("icr:reversed", str(tiny_folder), options=OPTIONS), task) == pytest.approx(ours, abs=1e-5)
    assert ndcg(Reranker("first-stage"), task) == pytest.approx(given, abs=1e-5)


def test_what_lies_below_the_depth_keeps_its_place(task: mteb.AbsTask) -> None:
    model = Reranker("first-stage", depth=2)
    model.index([{"id": docid, "text": text} for docid, text in DOCUMENTS.items()])
    found = model.search([{"id": "q1", "text": "what"}], top_k=5, top_ranked={"q1": list(DOCUMENTS)})
    assert list(found["q1"]) == list(DOCUMENTS)[:5]
    values = list(found["q1"].values())
    assert values == sorted(set(values), reverse=True)


def test_missing_candidates_are_refused() -> None:
    model = Reranker("first-stage")
    model.index([{"id": "d1", "text": "one"}])
    query = [{"id": "q1", "text": "what"}]
    with pytest.raises(UserError, match=r"this task gives no candidates\. Pass a first stage's lists"):
        model.search(query, top_k=5)
    with pytest.raises(UserError, match=r"query 'q1': no candidates"):
        model.search(query, top_k=5, top_ranked={})
    with pytest.raises(UserError, match=r"query 'q1': 1 candidates are not in the corpus \(d9, \.\.\.\)"):
        model.search(query, top_k=5, top_ranked={"q1": ["d1", "d9"]})
    given = Reranker("first-stage", candidates={"q1": ["d1"]})
    given.index([{"id": "d1", "text": "one"}])
    assert list(given.search(query, top_k=5)["q1"]) == ["d1"]


def test_a_method_that_needs_a_backbone_says_so() -> None:
    with pytest.raises(UserError, match=r"Method 'icr' needs a backbone"):
        Reranker("icr")
