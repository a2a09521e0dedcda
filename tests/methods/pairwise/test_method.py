"""Pairwise ranking prompting: its prompt, both orders, ties, frameworks."""

from __future__ import annotations

import re
from itertools import permutations
from typing import Any

import pytest

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import Prompt
from benchmark.errors import UserError
from methods import registry
from methods.base import Candidate
from methods.comparing.judges import Likelihood
from methods.pairwise.method import Pairwise, PairwiseOptions, more_relevant, outcome
from tests.methods.comparing.scripted import CANDIDATES, QUERY, asked, writing

GOOD = [3, 14, 7, 22, 0, 9, 41, 5, 30, 11, 2, 28]
MANY = [Candidate(str(number), f"worth {value}") for number, value in enumerate(GOOD)]


def made(backbone: Backbone, **options: Any) -> Pairwise:
    return Pairwise(PairwiseOptions.model_validate(options), backbone)


def values(prompt: Prompt) -> list[int]:
    return [int(value) for value in re.findall(r"worth (\d+)", asked(prompt))]


def right(prompt: Prompt) -> str:
    one, other = values(prompt)
    return " A" if one > other else " B"


def ranked(scores: list[float]) -> list[int]:
    return [GOOD[item] for item in sorted(range(len(scores)), key=lambda item: -scores[item])]


def test_the_prompt() -> None:
    (message,) = more_relevant("q {doc1}", ["one {doc2}", "two"])
    assert message.role == "user"
    assert message.content == (
        'Given a query "q {doc1}", which of the following two passages is more relevant to the query?\n\n'
        'Passage A: "one {doc2}"\n\nPassage B: "two"\n\nOutput Passage A or Passage B:'
    )


def test_all_pairs_are_one_call_in_both_orders_and_give_points(
    tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = writing(tiny_backbone, monkeypatch, right)
    scores = made(tiny_backbone, framework="allpairs").rerank("q", MANY)
    assert scores == [float(sum(value > other for other in GOOD)) for value in GOOD]
    (prompts,) = calls
    shown = [tuple(values(prompt)) for prompt in prompts]
    assert len(shown) == len(set(shown)) == 12 * 11
    assert shown[:4] == [(3, 14), (14, 3), (3, 7), (7, 3)]
    assert all(prompt.opening == " Passage:" for prompt in prompts)
    calls.clear()
    assert made(tiny_backbone, framework="allpairs", batch=50).rerank("q", MANY) == scores
    assert [len(prompts) for prompts in calls] == [50, 50, 32]


@pytest.mark.parametrize("framework", ["heapsort", "bubblesort", "sliding"])
def test_a_model_that_is_right_puts_the_first_k_in_order(
    tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch, framework: str
) -> None:
    calls = writing(tiny_backbone, monkeypatch, right)
    order = ranked(made(tiny_backbone, framework=framework, k=4).rerank("q", MANY))
    assert order[:4] == [41, 30, 28, 22]
    if framework != "sliding":
        assert order[4:] == [value for value in GOOD if value in order[4:]], "the others keep first-stage order"
    else:
        assert sum(map(len, calls)) == 2 * 4 * 11
    assert all(
        values(one) == values(other)[::-1]
        for prompts in calls
        for one, other in zip(prompts[::2], prompts[1::2], strict=True)
    )


def test_answers_that_depend_on_the_order_are_ties(tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    writing(tiny_backbone, monkeypatch, lambda _: " A")
    assert made(tiny_backbone, framework="allpairs").rerank("q", MANY) == [5.5] * 12
    assert ranked(made(tiny_backbone, framework="bubblesort", k=3).rerank("q", MANY)) == GOOD
    assert ranked(made(tiny_backbone, framework="sliding", k=3).rerank("q", MANY)) == GOOD


def test_an_answer_that_is_neither_is_a_tie_and_malformed(
    tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing(tiny_backbone, monkeypatch, lambda prompt: " both" if 41 in values(prompt) else right(prompt))
    before = tiny_backbone.meter.total
    scores = made(tiny_backbone, framework="allpairs").rerank("q", MANY)
    cost = tiny_backbone.meter.total - before
    assert scores[GOOD.index(41)] == 5.5
    assert scores[GOOD.index(30)] == 10.5
    assert (cost.answers, cost.malformed) == (132, 22)
    assert cost.faults == {"refusal": 22}


def test_a_chat_that_names_none_counts_for_the_first_passage(
    tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = writing(tiny_backbone, monkeypatch, lambda p: "Hm." if values(p)[0] == 41 else f"Passage{right(p)}", "end")
    before = tiny_backbone.meter.total
    scores = made(tiny_backbone, framework="allpairs", prompt="chat").rerank("q", MANY)
    cost = tiny_backbone.meter.total - before
    assert scores == [float(sum(value > other for other in GOOD)) for value in GOOD]
    assert (cost.malformed, cost.faults) == (11, {"refusal": 11})
    system, user = calls[0][0].messages
    assert "from a pair of passages" in system.content
    assert user.content.endswith("Output Passage A or Passage B:")
    assert calls[0][0].opening == ""


@pytest.mark.parametrize(
    ("straight", "swapped", "expected"),
    [([0, 1], [1, 0], 1), ([1, 0], [0, 1], -1), ([0], [0], 0), ([1], [1], 0), ([], [1], 0), ([0], [], 0)],
)
def test_outcomes(straight: list[int], swapped: list[int], expected: int) -> None:
    assert outcome(straight, swapped) == expected


@pytest.mark.slow
@pytest.mark.parametrize("mechanism", ["generation", "likelihood", "attention"])
def test_batched_is_unbatched_on_a_real_model(demo_language_backbone: Backbone, mechanism: str) -> None:
    options = {"framework": "allpairs", "mechanism": mechanism}
    together = made(demo_language_backbone, **options).rerank(QUERY, CANDIDATES)
    assert made(demo_language_backbone, **options, batch=1).rerank(QUERY, CANDIDATES) == together
    assert sum(together) == 3.0


@pytest.mark.slow
def test_probabilities_together_are_those_alone_where_first_passages_are_shared(
    demo_language_backbone: Backbone,
) -> None:
    passages = [Candidate(one.docid, f"{one.text} " * 4) for one in CANDIDATES]
    method, language = made(demo_language_backbone, mechanism="likelihood"), demo_language_backbone.language
    judge = method.judge
    assert isinstance(judge, Likelihood)
    prompts = [judge._asking.encoded(QUERY, pair, 0) for pair in permutations(passages, 2)]
    before = demo_language_backbone.meter.total
    together = language.next_token(prompts, [("A", " A"), ("B", " B")])
    spent = (demo_language_backbone.meter.total - before).prompt_tokens
    assert spent < 0.8 * sum(map(len, prompts)), "the first passages are run once"
    for prompt, row in zip(prompts, together, strict=True):
        (alone,) = language.next_token([prompt], [("A", " A"), ("B", " B")])
        assert row == pytest.approx(alone, abs=1e-4)


def test_passages_that_many_pairs_begin_with_are_run_once(tiny_backbone: Backbone) -> None:
    long = [Candidate(str(number), f"{number} " + "lime remains on copper pans " * 20) for number in range(4)]
    spent = {}
    for batch in (0, 1):
        before = tiny_backbone.meter.total
        made(tiny_backbone, framework="allpairs", mechanism="likelihood", batch=batch).rerank(QUERY, long)
        spent[batch] = (tiny_backbone.meter.total - before).prompt_tokens
    assert spent[0] < 0.75 * spent[1], "4 first passages instead of 12"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"framework": "allpairs", "k": 3}, "k has no meaning with framework=allpairs"),
        ({"framework": "insertion"}, "'framework'"),
        ({"prompt": "chat", "mechanism": "likelihood"}, "prompt=chat is for mechanism=generation"),
        ({"layers": "3-5"}, "layers and kind have a meaning with mechanism=attention only"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        registry.find("pairwise").options(changes=options)
