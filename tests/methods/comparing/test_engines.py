"""Comparisons on an engine that is no local model: it may lack a tokenizer, a context, logits, a chat template."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from benchmark.backbones.language import Encoded, Generation, LanguageModel
from benchmark.backbones.meter import Meter
from benchmark.errors import UserError
from methods.base import Candidate
from methods.pairwise.method import Pairwise, PairwiseOptions
from methods.setwise.method import Setwise, SetwiseOptions
from tests.backbones.language.made import backbone, tokenizer

CANDIDATES = [Candidate("a", "one " * 500), Candidate("b", "two"), Candidate("c", "three")]


class Server(LanguageModel):
    """Always writes B; knows no tokens."""

    name = "served"
    capabilities = frozenset({"generate"})
    context_length = None

    def __init__(self) -> None:
        self.asked: list[Encoded] = []

    def encode(self, prompt: Any, continuation: str = "") -> Encoded:
        return Encoded(prompt, continuation)

    def generate(self, prompts: Any, limit: int, **_: Any) -> list[Generation]:
        self.asked += prompts
        return [Generation("B", 1, "limit") for _ in prompts]

    def _never(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("asked for what it cannot do")

    cut = fragment = check_answers = next_token = likelihood = _never


def served() -> tuple[Server, Any]:
    server = Server()
    return server, SimpleNamespace(language=server, meter=Meter(), name="served")


def test_an_engine_without_a_tokenizer_is_given_all_the_words() -> None:
    server, made = served()
    method = Setwise(SetwiseOptions(k=1), made)
    method.ready()
    assert method.rerank("q", CANDIDATES) == [2.0, 3.0, 1.0]
    (asked,) = server.asked
    assert not isinstance(asked.prompt, str)
    assert asked.prompt.messages[0].content.count("one") == 301, "300 words, and one in the question"
    assert (made.meter.total.answers, made.meter.total.malformed) == (1, 0), "a label needs no more than its token"
    pairwise = Pairwise(PairwiseOptions(framework="allpairs"), made)
    pairwise.ready()
    assert pairwise.rerank("q", CANDIDATES) == [1.0, 1.0, 1.0]


def test_what_the_engine_cannot_do_is_said_before_the_first_query() -> None:
    _, made = served()
    with pytest.raises(UserError, match="cannot give what the method needs: next_token"):
        Setwise(SetwiseOptions(mechanism="likelihood"), made).ready()
    with pytest.raises(UserError, match="cannot give what the method needs: tokens"):
        Pairwise(PairwiseOptions(passage_tokens=128), made).ready()


@pytest.mark.parametrize("mechanism", ["generation", "likelihood"])
def test_a_backbone_without_a_template_is_said_before_the_first_query(mechanism: Any) -> None:
    with pytest.raises(UserError, match="has no chat template"):
        Setwise(SetwiseOptions(mechanism=mechanism), backbone(text=tokenizer(None))).ready()
    Setwise(SetwiseOptions(mechanism="attention"), backbone(text=tokenizer(None))).ready()
