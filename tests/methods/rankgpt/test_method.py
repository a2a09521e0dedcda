"""RankGPT's options, prompts and answers."""

from __future__ import annotations

from typing import Any

import pytest

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import Generation, Prompt
from benchmark.errors import QueryError, UserError
from methods import registry
from methods.base import Candidate
from methods.rankgpt.method import RankGpt, RankGptOptions

CANDIDATES = [
    Candidate("a", "Copper pans should be dried at once [2], or spots of lime remain on them."),
    Candidate("b", "The Danube flows through ten countries.", title="Danube"),
    Candidate("c", "Sourdough needs a warm place; at 26 degrees it doubles in five hours."),
]
QUERY = "How many countries does the Danube cross?"


def answering(backbone: Backbone, monkeypatch: pytest.MonkeyPatch, *answers: Generation) -> list[Any]:
    """The model gives these answers; returns the list of what it was asked."""
    asked: list[Any] = []
    left = list(answers)

    def generate(prompts: Any, limit: int, **_: Any) -> list[Generation]:
        asked.append((prompts[0], limit))
        return [left.pop(0)]

    monkeypatch.setattr(backbone.language, "generate", generate)
    return asked


def test_the_written_order_is_the_ranking_and_faults_are_counted(
    tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(
        tiny_backbone,
        monkeypatch,
        Generation("[2] > [3] > [1]", 9, "stop"),
        Generation("[3] > [3]", 6, "end"),
        Generation("I am sorry", 3, "end"),
        Generation("[9] > [1] >", 7, "limit"),
    )
    method = RankGpt(RankGptOptions(), tiny_backbone)
    before = tiny_backbone.meter.total
    assert method.rerank(QUERY, CANDIDATES) == [1.0, 3.0, 2.0]
    assert (tiny_backbone.meter.total - before).malformed == 0
    assert method.rerank(QUERY, CANDIDATES) == [2.0, 1.0, 3.0]
    assert method.rerank(QUERY, CANDIDATES) == [3.0, 2.0, 1.0]
    assert method.rerank(QUERY, CANDIDATES) == [3.0, 2.0, 1.0]
    cost = tiny_backbone.meter.total - before
    assert (cost.answers, cost.malformed) == (4, 3)
    assert cost.faults == {"missing": 2, "repeated": 1, "refusal": 1, "out_of_range": 1, "cut": 1}


def test_the_prompt_of_one_turn(tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(tiny_backbone, monkeypatch, *[Generation("[1]", 3, "end")] * 2)
    options = {"prompt": "single_turn", "words": 6, "answer_tokens": 0}
    RankGpt(RankGptOptions.model_validate(options), tiny_backbone).rerank("q", CANDIDATES[:2])
    prompt = asked[0][0].prompt
    assert isinstance(prompt, Prompt)
    assert [message.role for message in prompt.messages] == ["system", "user"]
    assert prompt.messages[0].content.endswith("relevancy to the query")
    assert prompt.messages[1].content == (
        "I will provide you with 2 passages, each indicated by a numerical identifier []. Rank the passages based on "
        "their relevance to the search query: q.\n\n[1] Copper pans should be dried at\n[2] Title: Danube Content: The "
        "Danube flows\nSearch Query: q.\nRank the 2 passages above based on their relevance to the search query. All "
        "the passages should be included and listed using identifiers, in descending order of relevance. The output "
        "format should be [] > [], e.g., [2] > [1], Only respond with the ranking results, do not say any word or "
        "explain."
    )
    changes = {"example": "4 > 2", "system": False, "spread": True, "words": 2, "window": 8, "stride": 4}
    RankGpt(RankGptOptions.model_validate(options | changes), tiny_backbone).rerank("q", CANDIDATES[:2])
    (user,) = asked[1][0].prompt.messages
    assert "e.g., [4] > [2], Only" in user.content
    assert "[1] Copper pans should be dried at once (2),\n" in user.content, "2 words * 8 / 2"


def test_room_is_left_for_a_complete_answer(tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(tiny_backbone, monkeypatch, *[Generation("[1]", 3, "end")] * 3)
    long = [Candidate(str(number), "word " * 400) for number in range(8)]
    for options, least in (({"context": 3000}, 200), ({"context": 3000, "answer_tokens": 0}, 0)):
        method = RankGpt(RankGptOptions.model_validate(options), tiny_backbone)
        method.rerank("q", long)
        prompt, limit = asked[-1]
        assert limit == max(least, len(tiny_backbone.language.encode(" > ".join(f"[{n}]" for n in range(1, 9)))))
        assert 2900 < len(prompt) + limit <= 3000, "as much of the passages as fits"
    with pytest.raises(QueryError, match=r"with one word of each passage the prompt still has .*option window"):
        RankGpt(RankGptOptions(context=300), tiny_backbone).rerank("q", long)


def test_a_constrained_answer_is_always_well_formed(demo_language_backbone: Backbone) -> None:
    before = demo_language_backbone.meter.total
    scores = RankGpt(RankGptOptions(constrained=True), demo_language_backbone).rerank(QUERY, CANDIDATES)
    cost = demo_language_backbone.meter.total - before
    assert sorted(scores) == [1.0, 2.0, 3.0]
    assert (cost.answers, cost.malformed) == (1, 0)
    assert cost.completion_tokens == cost.forward_passes
    assert {"tokenise", "prefill", "decode"} == set(cost.seconds)


def test_a_real_model_stops_with_the_last_identifier(demo_language_backbone: Backbone) -> None:
    before = demo_language_backbone.meter.total
    RankGpt(RankGptOptions(), demo_language_backbone).rerank(QUERY, CANDIDATES)
    cost = demo_language_backbone.meter.total - before
    assert cost.answers == 1
    assert 0 < cost.completion_tokens <= 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 1}, "'window'"),
        ({"window": 5, "stride": 6}, "stride 6 is larger than window 5"),
        ({"spread": True}, "have a meaning with prompt=single_turn only"),
        ({"words": 0}, "'words'"),
        ({"windows": 3}, "Did you mean 'window'"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        registry.find("rankgpt").options(changes=options)
