"""GroupRank's prompt, its groups, and answers in the recorded format."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import Generation
from methods.base import Candidate
from methods.grouprank.method import GroupRank, GroupRankOptions
from methods.grouprank.prompt import parse_scores, prompt

CANDIDATES = [
    Candidate("a", "Copper pans should be dried\n\nat once."),
    Candidate("b", "The Danube flows through ten countries.", title="Danube"),
    Candidate("c", "Sourdough needs a warm place."),
]
REASON = "<reason> \n[1] names the river; {no scores here}\n</reason>\n"


def made(backbone: Backbone, **options: Any) -> GroupRank:
    return GroupRank(GroupRankOptions.model_validate(options), backbone)


def test_the_published_prompt() -> None:
    system, user = prompt("{query}?", ["one {x}", "two"]).messages
    assert system.content.startswith("Your task is to evaluate and rank documents based on how well they help answer")
    assert "   - How directly it addresses the user's intent\n" in system.content
    assert user.content.startswith(
        "I will provide you 2 documents, each indicated by a numerical identifier []. Score these documents based on "
        "their Usefulness and Relevance to the query.\nQuery:\n{query}?\n\nDocuments:\n[1]. one {x}\n\n[2]. two\n\n\n\n"
        "## Final Output Format\nYou must structure"
    )
    assert user.content.endswith('<answer> \n```json\n{"[1]": 5, "[2]": 3, "[3]": 8}\n``` \n</answer>\n')


@pytest.mark.parametrize(
    ("answer", "scores", "faults"),
    [
        (REASON + '<answer> \n```json\n{"[1]": 5, "[2]": 3, "[3]": 8}\n``` \n</answer>', [5, 3, 8], set()),
        (REASON + '<answer>{"1": 5, "[3]": 8.5}</answer>', [5, None, 8.5], {"missing"}),
        ('first {"[1]": 1} then {"[1]": 2, "[2]": 0, "[3]": 4}', [2, 0, 4], set()),
        ('<answer>```json\n{"[1]": 5, "[2]]": 3,\n "[3]": 8\n```</answer>', [5, 3, 8], set()),
        ('<answer>{"[1]": 5, "[4]": 3}</answer>', [0, 0, 0], {"out_of_range"}),
        ('<answer>{"[1]": "high"}</answer>', [0, 0, 0], {"refusal"}),
        ('<answer>{"[1]": NaN}</answer>', [0, 0, 0], {"refusal"}),
        ("```json\n" + '{"[1]": ' * 100000 + "```", [0, 0, 0], {"refusal"}),
        ('<answer>{"[one]": 3}</answer>', [0, 0, 0], {"refusal"}),
        ("<answer>{5, 3, 8}</answer>", [0, 0, 0], {"refusal"}),
        (REASON.replace("{no scores here}", ""), [0, 0, 0], {"refusal"}),
        ("", [0, 0, 0], {"refusal"}),
    ],
)
def test_recorded_answers(answer: str, scores: list[float | None], faults: set[str]) -> None:
    parsed = parse_scores(answer, 3)
    assert (parsed.scores, parsed.faults) == (scores, faults)


@given(st.text(), st.integers(1, 5))
def test_any_text_is_read_or_named(text: str, count: int) -> None:
    parsed = parse_scores(text, count)
    assert len(parsed.scores) == count
    assert parsed.faults or None not in parsed.scores


def test_passes_put_passages_into_other_company(tiny_backbone: Backbone) -> None:
    method = made(tiny_backbone, group=4, passes=3)
    groups = method.groups(10)
    assert [len(group) for group in groups] == [4, 4, 2] * 3
    passes = [[item for group in groups[start : start + 3] for item in group] for start in (0, 3, 6)]
    assert all(sorted(order) == list(range(10)) for order in passes)
    assert len({tuple(order) for order in passes}) == 3
    assert groups == method.groups(10)
    assert groups != made(tiny_backbone, group=4, passes=3, seed=1).groups(10)


def test_scores_are_averaged_and_faults_counted(tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def generate(prompts: Any, limit: int, **_: Any) -> list[Generation]:
        asked.extend(prompts)
        return [
            Generation('<answer>{"[1]": 10, "[2]": 4, "[3]": 0}</answer>', 9, "stop"),
            Generation('<answer>{"[1]": 6}</answer>', 9, "stop"),
            Generation("<reason>so long", 9, "limit"),
        ]

    monkeypatch.setattr(tiny_backbone.language, "generate", generate)
    method = made(tiny_backbone, passes=3)
    before = tiny_backbone.meter.total
    scores = method.rerank("q", CANDIDATES)
    first, second, third = method.groups(3)
    expected = [[], [], []]
    for item, score in zip(first, (1.0, 0.4, 0.0), strict=True):
        expected[item].append(score)
    expected[second[0]].append(0.6)
    for item in third:
        expected[item].append(0.0)
    assert scores == pytest.approx([sum(values) / len(values) for values in expected])
    assert (tiny_backbone.meter.total - before).faults == {"missing": 1, "refusal": 1, "cut": 1}
    texts = asked[0].prompt.messages[1].content
    assert "]. Copper pans should be dried at once.\n\n" in texts
    assert "]. Danube The Danube flows" in texts


def test_passages_are_cut_by_characters(tiny_backbone: Backbone) -> None:
    assert made(tiny_backbone, characters=9)._shown(CANDIDATES[1]) == "Danube Th"


@pytest.mark.slow
def test_a_real_model_is_asked_and_read(demo_language_backbone: Backbone) -> None:
    method = made(demo_language_backbone, answer_tokens=24)
    method.ready()
    before = demo_language_backbone.meter.total
    assert len(method.rerank("How many countries does the Danube cross?", CANDIDATES)) == 3
    cost = demo_language_backbone.meter.total - before
    assert cost.answers == 1
    assert 0 < cost.completion_tokens <= 24
