"""Prompts that ask for reasoning, and answers in the recorded formats."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import Generation, Prompt
from benchmark.errors import UserError
from methods import registry
from methods.base import Candidate
from methods.listwise_reasoning.method import ListwiseReasoning, ListwiseReasoningOptions
from methods.listwise_reasoning.prompts import ranking_part

CANDIDATES = [
    Candidate("a", "Copper pans should be dried at once [2], or spots of lime remain on them."),
    Candidate("b", "The Danube flows through ten countries.", title="Danube"),
    Candidate("c", "Sourdough needs a warm place; at 26 degrees it doubles in five hours."),
]
QUERY = "How many countries [1] does the Danube cross? "


def made(backbone: Backbone, **options: Any) -> ListwiseReasoning:
    return ListwiseReasoning(ListwiseReasoningOptions.model_validate(options), backbone)


def prompt_of(method: ListwiseReasoning) -> Prompt:
    prompt = method.encoded(QUERY, CANDIDATES, None).prompt
    assert isinstance(prompt, Prompt)
    return prompt


def test_reasonranks_prompt(tiny_backbone: Backbone) -> None:
    prompt = prompt_of(made(tiny_backbone, words=7))
    system, user = prompt.messages
    assert prompt.thinking
    assert system.content.startswith(
        "You are RankLLM, an intelligent assistant that can rank passages based on their relevance to the query. Given "
    )
    assert system.content.endswith("i.e., <think> reasoning process here </think> <answer> answer here </answer>.")
    asked = "How many countries (1) does the Danube cross?"
    assert user.content == (
        "I will provide you with 3 passages, each indicated by a numerical identifier []. Rank the passages based on "
        f"their relevance to the search query: {asked}.\n\n[1] Copper pans should be dried at once\n[2] Title: Danube "
        f"Content: The Danube flows through\n[3] Sourdough needs a warm place; at 26\nSearch Query: {asked}.\nRank "
        "the 3 passages above based on their relevance to the search query. All the passages should be included and "
        "listed using identifiers, in descending order of relevance. The format of the answer should be [] > [], "
        "e.g., [2] > [1]."
    )
    system, user = prompt_of(made(tiny_backbone, prompt="reasonrank_qwen3")).messages
    assert system.content.endswith("relevance to the query.")
    assert user.content.endswith(
        "The final ranked list should be enclosed within <answer> </answer> tags, i.e., <answer> ranked list here "
        "</answer>. The format of ranked list should be [] > [], e.g., [2] > [1]. Only respond with the ranking "
        "results, do not say any word or explain."
    )


def test_dears_prompt_is_a_conversation(tiny_backbone: Backbone) -> None:
    prompt = prompt_of(made(tiny_backbone, prompt="dear"))
    assert not prompt.thinking
    assert [message.role for message in prompt.messages] == ["system", *["user", "assistant"] * 4, "user"]
    assert prompt.messages[3].content == "[1] Copper pans should be dried at once [2], or spots of lime remain on them."
    assert "Step 3. Rank passages that best cover" in prompt.messages[-1].content


@pytest.mark.parametrize(
    ("answer", "scores", "faults"),
    [
        (
            "<think>Passage [1] is about pans. [2] counts them.</think> <answer> [2] > [3] > [1] </answer>",
            [1, 3, 2],
            {},
        ),
        ("<think>a</think>\n\n<ANSWER>[3] > [2] > [1]</ANSWER>", [1, 2, 3], {}),
        ("<think>a</think><answer>[2] > [1]", [2, 3, 1], {"missing": 1}),
        (
            "no tags at first <answer>[9] > [3] > [3]</answer>",
            [2, 1, 3],
            {"missing": 1, "out_of_range": 1, "repeated": 1},
        ),
        ("<think>First [3], then [1]", [2, 1, 3], {"missing": 1, "refusal": 1}),
        ("I would rather not", [3, 2, 1], {"refusal": 1}),
    ],
)
def test_recorded_answers(
    tiny_backbone: Backbone,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    scores: list[float],
    faults: dict[str, int],
) -> None:
    asked: list[int] = []

    def generate(prompts: Any, limit: int, **_: Any) -> list[Generation]:
        asked.append(limit)
        return [Generation(answer, 9, "stop")]

    monkeypatch.setattr(tiny_backbone.language, "generate", generate)
    before = tiny_backbone.meter.total
    method = made(tiny_backbone, reasoning_tokens=3072, answer_tokens=100)
    assert method.rerank(QUERY, CANDIDATES) == scores
    assert asked == [3172]
    assert (tiny_backbone.meter.total - before).faults == faults


def test_dear_is_read_after_its_reasoning() -> None:
    assert ranking_part("dear", "<think>[1] is off topic</THINK>\n[2] > [1]") == ("[2] > [1]", True)
    assert ranking_part("dear", "[2] > [1]") == ("[2] > [1]", True)


@given(st.text(), st.permutations(range(1, 6)))
def test_whatever_is_thought_the_tagged_ranking_counts(thought: str, order: list[int]) -> None:
    thought = thought.replace("<", "(")
    ranking = " > ".join(f"[{number}]" for number in order)
    part, found = ranking_part("reasonrank", f"<think>{thought}</think> <answer>{ranking}</answer>")
    assert (part, found) == (ranking, True)


def test_generation_ends_with_the_answer(tiny_backbone: Backbone) -> None:
    stop = made(tiny_backbone).stop(3)
    assert not stop("<think>[1] [2] [3] </think><answer>[1] > [2] > [3]")
    assert stop("<answer>[1]</answer>")
    assert not made(tiny_backbone, prompt="dear").stop(3)("</answer>")


def test_passages_are_cut_by_tokens(tiny_backbone: Backbone) -> None:
    user = prompt_of(made(tiny_backbone, passage_tokens=12)).messages[1].content
    text = tiny_backbone.language.cut("Title: Danube Content: " + CANDIDATES[1].text, 12)
    assert f"\n[2] {' '.join(text.split())}\n[3]" in user


def test_a_real_model_is_asked_and_read(demo_language_backbone: Backbone) -> None:
    method = made(demo_language_backbone, reasoning_tokens=16, answer_tokens=32)
    method.ready()
    before = demo_language_backbone.meter.total
    assert sorted(method.rerank(QUERY, CANDIDATES)) == [1.0, 2.0, 3.0]
    cost = demo_language_backbone.meter.total - before
    assert cost.answers == 1
    assert 0 < cost.completion_tokens <= 48


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UserError, match="'prompt'"):
        registry.find("listwise-reasoning").options(changes={"prompt": "reasonrnk"})
