"""Metrics against trec_eval (pytrec_eval-terrier) and against values worked out by hand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from math import log2

import numpy as np
import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.collections.base import Hit
from benchmark.errors import UserError
from benchmark.evaluation.metrics import METRICS, TABLE, evaluate, mean
from benchmark.evaluation.runfile import strictly_decreasing

TREC_NAMES = {
    "nDCG@10": "ndcg_cut_10",
    "nDCG@5": "ndcg_cut_5",
    "nDCG@1": "ndcg_cut_1",
    "MAP": "map",
    "recall@3": "recall_3",
    "recall@5": "recall_5",
    "recall@10": "recall_10",
    "recall@100": "recall_100",
}

Run = Mapping[str, Sequence[Hit]]


def trec_eval(run: Run, qrels: Mapping[str, Mapping[str, int]], level: int) -> dict[str, dict[str, float]]:
    """The same metrics by pytrec_eval; topics it leaves out of its answer count 0."""
    measures = {"ndcg_cut.1,5,10", "map", "recip_rank", "recall.3,5,10,100"}
    evaluator = pytrec_eval.RelevanceEvaluator(
        {qid: dict(grades) for qid, grades in qrels.items()}, measures, relevance_level=level
    )
    scored = {qid: {hit.docid: hit.score for hit in strictly_decreasing(hits)} for qid, hits in run.items()}
    full = evaluator.evaluate(scored)
    first_ten = evaluator.evaluate({qid: dict(list(scores.items())[:10]) for qid, scores in scored.items()})
    topics = [qid for qid, grades in qrels.items() if max(grades.values()) > 0]
    values = {ours: {qid: full.get(qid, {}).get(theirs, 0.0) for qid in topics} for ours, theirs in TREC_NAMES.items()}
    return values | {"MRR@10": {qid: first_ten.get(qid, {}).get("recip_rank", 0.0) for qid in topics}}


def assert_agrees(run: Run, qrels: Mapping[str, Mapping[str, int]], level: int) -> None:
    ours = evaluate({qid: [hit.docid for hit in hits] for qid, hits in run.items()}, qrels, relevant_from=level)
    expected = trec_eval(run, qrels, level)
    assert set(ours) == set(expected) | {"judged@10"}
    for name, values in expected.items():
        assert ours[name].keys() == values.keys(), name
        for qid, value in values.items():
            assert ours[name][qid] == pytest.approx(value, abs=1e-9), (name, qid)


QIDS = st.sampled_from([f"q{number}" for number in range(4)])
DOCIDS = st.sampled_from([f"d{number}" for number in range(14)])


@st.composite
def runs(draw: st.DrawFn) -> dict[str, list[Hit]]:
    """Lists with many tied scores, best first: ties stay in the order in which they were drawn; some are empty."""
    scored = draw(st.dictionaries(QIDS, st.dictionaries(DOCIDS, st.integers(0, 3), max_size=14)))
    return {
        qid: [Hit(docid, float(score)) for docid, score in sorted(scores.items(), key=lambda item: -item[1])]
        for qid, scores in scored.items()
    }


def judgements(lowest: int) -> st.SearchStrategy[dict[str, dict[str, int]]]:
    return st.dictionaries(QIDS, st.dictionaries(DOCIDS, st.integers(lowest, 3), min_size=1), min_size=1)


@settings(deadline=None, max_examples=120)
# Not below -1: pytrec_eval-terrier 0.5 writes outside its memory on a grade of -2.
@given(run=runs(), qrels=judgements(lowest=-1), level=st.integers(1, 3))
def test_equals_trec_eval(run: dict[str, list[Hit]], qrels: dict[str, dict[str, int]], level: int) -> None:
    relevant = [qid for qid, grades in qrels.items() if max(grades.values()) > 0]
    if any(qid in run for qid in relevant):
        assert_agrees(run, qrels, level)
    else:
        with pytest.raises(UserError):
            evaluate({qid: [hit.docid for hit in hits] for qid, hits in run.items()}, qrels)


def test_negative_grades_count_as_zero() -> None:
    rankings = {"q": ["spam", "good", "unjudged", "fair"]}
    negative = evaluate(rankings, {"q": {"good": 2, "spam": -2, "fair": 1, "off": -1}})
    assert negative == evaluate(rankings, {"q": {"good": 2, "spam": 0, "fair": 1, "off": 0}})
    assert negative["nDCG@1"] == {"q": 0.0}


def test_equals_trec_eval_on_long_lists() -> None:
    random = np.random.default_rng(3)
    docids = [f"document-{number}" for number in range(400)]
    run, qrels = {}, {}
    for topic in range(25):
        retrieved = random.permutation(docids)[:300]
        run[f"t{topic}"] = [Hit(str(docid), 300.0 - rank // 7) for rank, docid in enumerate(retrieved)]
        judged = random.permutation(docids)[: 20 + 10 * topic]
        qrels[f"t{topic}"] = {str(docid): int(random.integers(0, 4)) for docid in judged}
    assert_agrees(run, qrels, 1)
    assert_agrees(run, qrels, 2)


def test_values_by_hand() -> None:
    grades = {"a": 3, "b": 0, "c": 2, "d": 1}
    values = evaluate({"q": ["b", "a", "unjudged", "c"]}, {"q": grades})
    ideal = 3 + 2 / log2(3) + 1 / log2(4)
    expected = {
        "nDCG@10": (3 / log2(3) + 2 / log2(5)) / ideal,
        "nDCG@5": (3 / log2(3) + 2 / log2(5)) / ideal,
        "nDCG@1": 0.0,
        "MAP": (1 / 2 + 2 / 4) / 3,
        "MRR@10": 1 / 2,
        "recall@3": 1 / 3,
        "recall@5": 2 / 3,
        "recall@10": 2 / 3,
        "recall@100": 2 / 3,
        "judged@10": 3 / 4,
    }
    assert tuple(values) == METRICS == tuple(expected)
    assert {name: scores["q"] for name, scores in values.items()} == pytest.approx(expected, abs=1e-12)


def test_relevant_from_moves_only_binary_metrics() -> None:
    rankings, qrels = {"q": ["one", "two"]}, {"q": {"one": 1, "two": 2}}
    from_one, from_two = evaluate(rankings, qrels), evaluate(rankings, qrels, relevant_from=2)
    assert [name for name in METRICS if from_one[name] != from_two[name]] == ["MAP", "MRR@10"]
    assert from_two["MAP"] == {"q": 0.5}
    # Nothing reaches grade 3: the topic stays, as nDCG has gains to find.
    assert evaluate(rankings, qrels, relevant_from=3)["recall@10"] == {"q": 0.0}


def test_order_is_the_given_one_whatever_the_docids() -> None:
    documents = [f"{number:02}" for number in range(20)]
    qrels = {"q": {"07": 1}}
    assert evaluate({"q": documents}, qrels)["MRR@10"] == {"q": 1 / 8}
    assert evaluate({"q": documents[::-1]}, qrels)["MRR@10"] == {"q": 0.0}
    assert evaluate({"q": documents[::-1]}, qrels)["MAP"] == {"q": 1 / 13}


def test_topics_are_those_of_the_judgements_with_something_relevant() -> None:
    qrels = {"found": {"a": 1}, "missing": {"a": 2}, "nothing": {"a": 0}, "negative": {"a": -1}, "empty": {"a": 1}}
    values = evaluate({"found": ["a"], "nothing": ["a"], "negative": ["a"], "empty": [], "unjudged": ["a"]}, qrels)
    for scores in values.values():
        assert scores == {"found": 1.0, "missing": 0.0, "empty": 0.0}


def test_judged_share() -> None:
    qrels = {"short": {"a": 1, "b": 0, "c": -1}, "long": {"d3": 1, "d11": 1}}
    rankings = {"short": ["x", "b", "c"], "long": [f"d{number}" for number in range(12)]}
    assert evaluate(rankings, qrels)["judged@10"] == {"short": pytest.approx(2 / 3), "long": pytest.approx(1 / 10)}


def test_all_rankings_empty_is_zero_everywhere() -> None:
    values = evaluate({"q1": [], "q2": []}, {"q1": {"a": 1}, "q2": {"b": 1}})
    assert {value for scores in values.values() for value in scores.values()} == {0.0}


@pytest.mark.parametrize(
    ("rankings", "qrels", "message"),
    [
        ({"x1": ["a"]}, {"q1": {"a": 1}}, "No topic of the run is judged: the run has 1 topics, such as 'x1'.*'q1'"),
        ({"q2": ["a"]}, {"q1": {"a": 1}, "q2": {"a": 0}}, "No topic of the run is judged"),
        ({}, {"q1": {"a": 1}}, "the run is empty"),
        ({"q1": ["a"]}, {"q1": {"a": 0}}, "no relevant document"),
    ],
)
def test_nothing_to_evaluate_is_an_error(
    rankings: dict[str, list[str]], qrels: dict[str, dict[str, int]], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        evaluate(rankings, qrels)


def test_wrong_calls() -> None:
    with pytest.raises(ValueError, match="'q' holds a document twice"):
        evaluate({"q": ["a", "b", "a"]}, {"q": {"a": 1}})
    with pytest.raises(ValueError, match="at least 1"):
        evaluate({"q": ["a"]}, {"q": {"a": 1}}, relevant_from=0)


def test_mean_is_over_topics() -> None:
    assert mean({"MAP": {"a": 1.0, "b": 0.25}, "MRR@10": {"a": 0.0, "b": 0.5}}) == {"MAP": 0.625, "MRR@10": 0.25}
    thirds = {f"q{number}": 0.1 for number in range(10)}
    assert mean({"MAP": thirds}) == {"MAP": 0.1}


def test_table_describes_every_metric() -> None:
    assert len(set(METRICS)) == len(METRICS)
    for metric in TABLE:
        assert metric.description.endswith(".")
        assert metric.higher_is_better


def in_a_new_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_import_does_not_load_ranx() -> None:
    code = "import sys, benchmark.evaluation.metrics; print({'ranx', 'numba'} & set(sys.modules))"
    assert in_a_new_process(code).strip() == "set()"


def test_threads_may_evaluate_at_once() -> None:
    # ranx's thread pool ends the process on concurrent use, so a process of its own has to survive this.
    code = """
from concurrent.futures import ThreadPoolExecutor
from benchmark.evaluation.metrics import evaluate
rankings = {f"q{n}": [f"d{m}" for m in range(100)] for n in range(100)}
qrels = {qid: {"d3": 1} for qid in rankings}
evaluate(rankings, qrels)
with ThreadPoolExecutor(3) as pool:
    results = list(pool.map(lambda _: evaluate(rankings, qrels), range(30)))
print(all(result == results[0] for result in results), results[0]["MRR@10"]["q7"])
"""
    assert in_a_new_process(code).strip() == "True 0.25"
