"""InsertRank's prompt, its scores and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import Generation, Prompt
from benchmark.errors import QueryError, UserError
from methods import registry
from methods.base import Candidate
from methods.insertrank.method import InsertRank, InsertRankOptions
from methods.insertrank.prompt import scaled

CANDIDATES = [
    Candidate("a", "Copper pans should be dried at once [2], or spots of lime remain on them.", score=14.0),
    Candidate("b", "The Danube flows through ten countries.", title="Danube", score=11.23456),
    Candidate("c", "Sourdough needs a warm place.", score=-1.0),
]
QUERY = "How many countries [1] does the Danube cross?"


def made(backbone: Backbone, **options: Any) -> InsertRank:
    return InsertRank(InsertRankOptions.model_validate(options), backbone)


def test_the_published_prompt_holds_the_scores(tiny_backbone: Backbone) -> None:
    prompt = made(tiny_backbone, words=7).encoded(QUERY, CANDIDATES, None).prompt
    assert isinstance(prompt, Prompt)
    system, user = prompt.messages
    assert system.content.startswith("You are RankLLM")
    asked = "How many countries (1) does the Danube cross?"
    assert user.content == (
        "I will provide you with 3 passages, each indicated by a numerical identifier []. I will also provide the BM25 "
        f"scores from a lexical retrieval system.\n\nRank the passages based on their relevance to the search query: "
        f"{asked}.\n[1] Copper pans should be dried at once\nBM25 score: 14.000\n[2] Title: Danube Content: The Danube "
        "flows through\nBM25 score: 11.235\n[3] Sourdough needs a warm place.\nBM25 score: -1.000\nSearch Query: "
        f"{asked}.\nRerank the above 3 passages based on their relevance to the query. Consider both the document "
        "content and the BM25 scores as signals for relevance. All the passages should be included and listed using "
        "identifiers, in descending order of relevance. The output format should be [] > [], e.g., [2] > [1]. Return "
        "the ranking as a list of numbers from 1 to 3, most relevant first. Answer concisely and directly and only "
        "respond with the ranking results, do not say any word or explain."
    )


def test_the_written_order_is_the_ranking(tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def generate(prompts: Any, limit: int, **_: Any) -> list[Generation]:
        asked.append(prompts[0].prompt.messages[1].content)
        return [Generation("[2] > [3] > [1]", 9, "stop")]

    monkeypatch.setattr(tiny_backbone.language, "generate", generate)
    assert made(tiny_backbone, scale="hundred").rerank(QUERY, CANDIDATES) == [1.0, 3.0, 2.0]
    assert [line for line in asked[0].split("\n") if line.startswith("BM25 score")] == [
        "BM25 score: 100.000",
        "BM25 score: 81.564",
        "BM25 score: 0.000",
    ]


def test_all_windows_show_one_scale(tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def generate(prompts: Any, limit: int, **_: Any) -> list[Generation]:
        asked.append(prompts[0].prompt.messages[1].content)
        return [Generation("[1] > [2]", 5, "stop")]

    monkeypatch.setattr(tiny_backbone.language, "generate", generate)
    many = [Candidate(str(number), f"text {number}", score=10.0 - number) for number in range(4)]
    made(tiny_backbone, scale="unit", window=2, stride=2).rerank("q", many)
    assert "[1] text 2\nBM25 score: 0.333\n[2] text 3\nBM25 score: 0.000\n" in asked[0]
    assert "[1] text 0\nBM25 score: 1.000\n[2] text 1\nBM25 score: 0.667\n" in asked[1]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.sampled_from(["raw", "unit", "hundred"]))
def test_scales_keep_the_order(scores: list[float], scale: Any) -> None:
    before = [Candidate(str(number), "text", score=score) for number, score in enumerate(scores)]
    after = [candidate.score for candidate in scaled(before, scale)]
    top = {"raw": max(scores), "unit": 1.0, "hundred": 100.0}[scale]
    assert after[scores.index(max(scores))] == pytest.approx(top)
    for one, other in zip(range(len(scores)), range(1, len(scores)), strict=False):
        if scores[one] > scores[other]:
            first, second = after[one], after[other]
            assert first is not None
            assert second is not None
            assert first >= second


def test_candidates_without_a_score_are_named(tiny_backbone: Backbone) -> None:
    unscored = [CANDIDATES[0], Candidate("no-score", "text"), Candidate("neither", "text")]
    with pytest.raises(QueryError, match="candidate 'no-score' has no first-stage score, nor have 1 others"):
        made(tiny_backbone).rerank(QUERY, unscored)
    with pytest.raises(QueryError, match=r"candidate 'no-score' has no first-stage score: InsertRank"):
        made(tiny_backbone).rerank(QUERY, unscored[:2])


@pytest.mark.slow
def test_a_real_model_writes_a_ranking(demo_language_backbone: Backbone) -> None:
    method = made(demo_language_backbone)
    method.ready()
    before = demo_language_backbone.meter.total
    assert sorted(method.rerank(QUERY, CANDIDATES)) == [1.0, 2.0, 3.0]
    assert (demo_language_backbone.meter.total - before).answers == 1


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UserError, match="'scale'"):
        registry.find("insertrank").options(changes={"scale": "log"})
