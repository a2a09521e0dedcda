"""Listwise methods on an engine that is no local model: it may lack a tokenizer, a context, a capability."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import Encoded, Generation, LanguageModel
from benchmark.backbones.meter import Meter
from benchmark.errors import UserError
from methods.base import Candidate
from methods.first.method import First, FirstOptions
from methods.rankgpt.method import RankGpt, RankGptOptions
from tests.backbones.language.made import backbone, tokenizer
from tests.support.templates import SINGLE_TURN

CANDIDATES = [Candidate("a", "one " * 500), Candidate("b", "two"), Candidate("c", "three")]


class Server(LanguageModel):
    """Answers in reverse order; knows no tokens."""

    name = "served"
    capabilities = frozenset({"generate"})
    context_length = None

    def __init__(self) -> None:
        self.asked: list[tuple[Encoded, int]] = []

    def encode(self, prompt: Any, continuation: str = "") -> Encoded:
        return Encoded(prompt, continuation)

    def generate(self, prompts: Any, limit: int, **_: Any) -> list[Generation]:
        self.asked.append((prompts[0], limit))
        return [Generation("[3] > [2] > [1]", 15, "end")]

    def _never(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("asked for what it cannot do")

    cut = fragment = check_answers = next_token = likelihood = _never


def served() -> tuple[Server, Any]:
    server = Server()
    return server, SimpleNamespace(language=server, meter=Meter(), name="served")


def test_an_engine_without_a_tokenizer_is_given_all_the_words() -> None:
    server, made = served()
    method = RankGpt(RankGptOptions(answer_tokens=0), made)
    method.ready()
    assert method.rerank("q", CANDIDATES) == [1.0, 2.0, 3.0]
    ((prompt, limit),) = server.asked
    assert not isinstance(prompt.prompt, str)
    assert len(prompt.prompt.messages[3].content.split()) == 301
    assert limit == len("[1] > [2] > [3]"), "characters, where tokens are not known"
    assert made.meter.total.answers == 1


def test_what_the_engine_cannot_do_is_said_before_the_first_query() -> None:
    _, made = served()
    with pytest.raises(UserError, match="cannot give what the method needs: constraint"):
        RankGpt(RankGptOptions(constrained=True), made).ready()
    with pytest.raises(UserError, match="cannot give what the method needs: next_token"):
        First(FirstOptions(), made).ready()
    with pytest.raises(UserError, match="needs: next_token, tokens"):
        First(FirstOptions(prompt="most_relevant", passage_tokens=3), made).ready()


@pytest.mark.parametrize(
    ("template", "message"),
    [(None, "has no chat template"), (SINGLE_TURN, r"refuses the conversation \(one turn only\)")],
)
def test_a_template_that_does_not_serve_is_said_before_the_first_query(template: str | None, message: str) -> None:
    made: Backbone = backbone(text=tokenizer(template))
    with pytest.raises(UserError, match=message):
        RankGpt(RankGptOptions(), made).ready()
