"""Setwise's options, frameworks and answers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import Prompt
from benchmark.errors import UserError
from methods import registry
from methods.base import Candidate
from methods.setwise.method import Setwise, SetwiseOptions
from tests.methods.comparing.scripted import CANDIDATES, QUERY, asked, writing

GOOD = [3, 14, 7, 22, 0, 9, 41, 5, 30, 11, 2, 28, 19, 1, 36, 8, 25, 16, 33, 4, 12, 39, 6]
MANY = [Candidate(str(number), f"worth {value}") for number, value in enumerate(GOOD)]


def made(backbone: Backbone, **options: Any) -> Setwise:
    return Setwise(SetwiseOptions.model_validate(options), backbone)


def values(prompt: Prompt) -> list[int]:
    return [int(value) for value in re.findall(r"worth (\d+)", asked(prompt))]


def right(prompt: Prompt) -> str:
    """The letter of the passage with the largest number."""
    shown = values(prompt)
    return " " + "ABCDEFGH"[shown.index(max(shown))]


def ranked(scores: list[float]) -> list[int]:
    return [GOOD[item] for item in sorted(range(len(scores)), key=lambda item: -scores[item])]


@pytest.mark.parametrize("framework", ["heapsort", "bubblesort", "insertion"])
@pytest.mark.parametrize("num_child", [1, 3])
def test_a_model_that_is_right_puts_the_first_k_in_order(
    tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch, framework: str, num_child: int
) -> None:
    calls = writing(tiny_backbone, monkeypatch, right)
    method = made(tiny_backbone, framework=framework, num_child=num_child, k=6)
    before = tiny_backbone.meter.total
    order = ranked(method.rerank("q", MANY))
    cost = tiny_backbone.meter.total - before
    best = sorted(GOOD, reverse=True)
    if framework == "insertion" and num_child > 1:
        assert order[0] == best[0], "where only the best of a set is known the others may stand a little too low"
    else:
        assert order[:6] == best[:6]
    assert order[6:] == [value for value in GOOD if value in order[6:]], "the others keep first-stage order"
    assert cost.answers == sum(map(len, calls))
    assert cost.malformed == 0
    assert all(2 <= len(values(prompt)) <= num_child + 1 for prompts in calls for prompt in prompts)


def test_the_level_of_a_heap_is_one_call_or_as_many_as_batch_allows(
    tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = writing(tiny_backbone, monkeypatch, right)
    together = made(tiny_backbone, k=3).rerank("q", MANY)
    sizes = [len(prompts) for prompts in calls]
    assert sizes[:2] == [4, 4], "11 families: those of nodes 7 to 10, then those of 3 to 6"
    calls.clear()
    assert made(tiny_backbone, k=3, batch=3).rerank("q", MANY) == together
    assert [len(prompts) for prompts in calls][:4] == [3, 1, 3, 1]
    calls.clear()
    assert made(tiny_backbone, k=3, batch=1).rerank("q", MANY) == together
    assert [len(prompts) for prompts in calls] == [1] * sum(sizes)


def test_an_answer_that_names_none_counts_for_the_first_and_as_malformed(
    tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([" D", "I am"])
    writing(tiny_backbone, monkeypatch, lambda _: next(answers))
    before = tiny_backbone.meter.total
    assert made(tiny_backbone, k=2).rerank(QUERY, CANDIDATES) == [3.0, 1.0, 2.0], "what the heap does then"
    cost = tiny_backbone.meter.total - before
    assert (cost.answers, cost.malformed) == (2, 2)
    assert cost.faults == {"out_of_range": 1, "refusal": 1}


def test_reasoning_is_read_from_its_tags_and_a_cut_one_is_malformed(
    tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reason(prompt: Prompt) -> str:
        shown = values(prompt)
        return f"<think>hm</think><answer>[{shown.index(max(shown)) + 1}]</answer>"

    calls = writing(tiny_backbone, monkeypatch, reason, "stop")
    method = made(tiny_backbone, prompt="rank_r1", num_child=19, k=3, shuffle=True, thinking=True)
    method.ready()
    before = tiny_backbone.meter.total
    assert ranked(method.rerank("q", MANY))[:3] == [41, 39, 36]
    assert (tiny_backbone.meter.total - before).malformed == 0
    prompt = calls[-1][0]
    assert prompt.thinking
    assert prompt.opening == ""
    assert values(prompt) != sorted(values(prompt), key=GOOD.index), "shuffled"
    first = [values(prompt) for prompts in calls for prompt in prompts]
    calls.clear()
    method.rerank("q", MANY)
    assert [values(prompt) for prompts in calls for prompt in prompts] == first, "the same way again"
    writing(tiny_backbone, monkeypatch, lambda _: "<think> so many", "limit")
    before = tiny_backbone.meter.total
    method.rerank("q", MANY[:2])
    assert (tiny_backbone.meter.total - before).faults == {"refusal": 1, "cut": 1}


@pytest.mark.slow
@pytest.mark.parametrize("mechanism", ["generation", "likelihood", "attention"])
def test_batched_is_unbatched_on_a_real_model(demo_language_backbone: Backbone, mechanism: str) -> None:
    several = [*CANDIDATES, Candidate("d", "Ten countries lie along the Danube."), Candidate("e", "Rivers carry sand.")]
    options = {"mechanism": mechanism, "k": 3, "num_child": 2}
    together = made(demo_language_backbone, **options).rerank(QUERY, several)
    assert made(demo_language_backbone, **options, batch=1).rerank(QUERY, several) == together
    assert sorted(together) == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_a_real_model_writes_a_label_of_one_token(demo_language_backbone: Backbone) -> None:
    before = demo_language_backbone.meter.total
    made(demo_language_backbone).rerank(QUERY, CANDIDATES)
    cost = demo_language_backbone.meter.total - before
    assert cost.answers == cost.completion_tokens == 2
    before = demo_language_backbone.meter.total
    made(demo_language_backbone, labels="numbers").rerank(QUERY, CANDIDATES)
    cost = demo_language_backbone.meter.total - before
    assert cost.answers == 2
    assert 2 <= cost.completion_tokens <= 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_child": 26}, "num_child 26: 27 passages are more than the 26 letters there are; .* labels=numbers"),
        ({"num_child": 20, "prompt": "rank_r1"}, "num_child 20: 21 passages are more than the 20 labels"),
        ({"mechanism": "attention", "labels": "numbers"}, "have no meaning with mechanism=attention"),
        ({"mechanism": "attention", "context": 100}, "context has no meaning with mechanism=attention"),
        ({"layers": "3-5"}, "layers and kind have a meaning with mechanism=attention only"),
        ({"mechanism": "attention", "layers": "5-3"}, "layers=5-3: the first layer comes after the last"),
        ({"mechanism": "attention", "layers": "3"}, "'layers'"),
        ({"mechanism": "likelihood", "prompt": "rank_r1"}, "prompt=rank_r1 is for mechanism=generation"),
        ({"thinking": True}, "thinking is for the prompts of Rank-R1"),
        ({"prompt": "chat", "num_child": 26}, "27 passages are more than the 26 letters"),
        ({"prompt": "chat", "labels": "numbers"}, "prompt=chat is for mechanism=generation, and has its own labels"),
        ({"skipping": "official"}, "framework=bubblesort only"),
        ({"framework": "insertion", "whole": True}, "whole is for framework=insertion with mechanism=likelihood"),
        ({"k": 0}, "'k'"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        registry.find("setwise").options(changes=options)


def test_labels_that_are_no_single_token_are_refused_before_the_first_query(tiny_backbone: Backbone) -> None:
    with pytest.raises(UserError, match="Backbone 'tiny': its tokenizer has no single token for '10'"):
        made(tiny_backbone, mechanism="likelihood", labels="numbers", num_child=9).ready()
    made(tiny_backbone, mechanism="likelihood", num_child=9).ready()
