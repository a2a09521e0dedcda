"""Text completions: token ids are sent; echo gives what the most likely tokens leave out."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark.backbones.language import LanguageModel, Message, Prompt
from benchmark.errors import QueryError, UserError
from tests.support import stub_server as on
from tests.support.endpoints import load_endpoint
from tests.support.stub_server import Stub

pytestmark = pytest.mark.timeout(60)

PROMPT = Prompt((Message("user", "Which?"),), opening="[")
LETTERS = [("A", " A"), ("B", " B")]


@pytest.fixture
def made(tmp_path: Path, stub: Stub, tiny_talker: Path) -> Callable[..., LanguageModel]:
    def make(**changes: Any) -> LanguageModel:
        source = {"api": "completions", "tokenizer": str(tiny_talker)} | changes
        return load_endpoint(tmp_path, stub.url, **source).language

    return make


def tops(**values: float) -> on.Turn:
    return on.answer(logprobs={"tokens": ["A"], "token_logprobs": [-1.0], "top_logprobs": [values]})


def echoes(*values: float | None) -> on.Turn:
    """The prompt's last log-probabilities, then that of the token written after it."""

    def turn(handler: on.Handler) -> None:
        known = [None, *[-9.0] * (len(handler.body["prompt"]) - 1 - len(values)), *values, -0.5]
        handler.send(200, on.completion(logprobs={"token_logprobs": known, "top_logprobs": None}))

    return turn


def test_prompts_are_sent_as_the_local_engines_tokens(stub: Stub, made: Callable[..., LanguageModel]) -> None:
    language = made(extra_body={"seed": 1})
    prompt = language.encode(PROMPT)
    language.generate([prompt], 6)
    text = "<|im_start|>user\nWhich?<|im_end|>\n<|im_start|>assistant\n["
    assert len(prompt) == len(text), "one token a byte"
    assert stub.asked == [
        {
            "model": "tiny",
            "prompt": list(prompt.ids or ()),
            "max_tokens": 6,
            "temperature": 0.0,
            "seed": 1,
        }
    ]
    assert language.cut("abcdef", 2) == "ab"


def test_probabilities_of_answers(stub: Stub, made: Callable[..., LanguageModel]) -> None:
    stub.turns = [tops(A=math.log(0.4), B=math.log(0.1), x=math.log(0.3))]
    language = made(top_logprobs=5)
    ((first, second),) = language.next_token([language.encode(PROMPT)], LETTERS)
    assert [math.exp(first), math.exp(second)] == pytest.approx([0.8, 0.2])
    assert stub.asked[0]["logprobs"] == 5


def test_an_answer_that_is_not_told_is_asked_for_by_echo(stub: Stub, made: Callable[..., LanguageModel]) -> None:
    stub.turns = [tops(A=math.log(0.4), x=math.log(0.3)), echoes(math.log(0.05))]
    language = made(echo=True)
    prompt = language.encode(PROMPT)
    ((first, second),) = language.next_token([prompt], LETTERS, over="vocabulary")
    assert [math.exp(first), math.exp(second)] == pytest.approx([0.4, 0.05])
    assert prompt.ids is not None
    assert stub.asked[1]["prompt"][:-1] == list(prompt.ids)
    assert stub.asked[1]["echo"] is True
    stub.turns = [tops(A=-1.0, x=-2.0)]
    with pytest.raises(QueryError, match="'B' not among the 20 most likely"):
        made().next_token([prompt], LETTERS)


def test_likelihood_is_the_sum_over_the_continuation(stub: Stub, made: Callable[..., LanguageModel]) -> None:
    language = made(echo=True)
    stub.turns = [echoes(-1.0, -0.25, -0.5)]
    prompt = language.encode(PROMPT, "yes")
    assert language.likelihood([prompt]) == pytest.approx([-1.75])
    assert {**stub.asked[0], "prompt": None} == {
        "model": "tiny",
        "prompt": None,
        "max_tokens": 1,
        "temperature": 0.0,
        "echo": True,
        "logprobs": 1,
    }
    with pytest.raises(QueryError, match="has no continuation"):
        language.likelihood([language.encode(PROMPT)])


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (on.answer(), "does not repeat the prompt"),
        (on.answer(logprobs={"token_logprobs": [-0.5]}), "of 1 tokens where"),
        (echoes(None, None), "left out log-probabilities"),
        (on.refuse(400, "Only no echo is supported"), "Only no echo is supported"),
    ],
)
def test_a_server_that_does_not_echo_is_refused(
    stub: Stub, made: Callable[..., LanguageModel], turn: on.Turn, words: str
) -> None:
    stub.turns = [turn]
    with pytest.raises(UserError, match=r"cannot give what the method needs \(likelihood\)") as caught:
        made(echo=True).require("likelihood")
    assert words in str(caught.value)


def test_what_text_completions_cannot_do_is_refused(stub: Stub, made: Callable[..., LanguageModel]) -> None:
    language = made(context_length=70)
    prompt = language.encode(PROMPT)
    for capability in ("likelihood", "constraint"):
        with pytest.raises(UserError, match=f"cannot give what the method needs: {capability}"):
            language.require(capability)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="cannot give: constraint"):
        language.generate([prompt], 3, constraint=lambda ids: None)
    with pytest.raises(UserError, match="no single token for 'yes'"):
        language.next_token([prompt], [("yes",), ("no",)])
    with pytest.raises(QueryError, match=r"and 20 for the answer, \d+ more than the context of 70"):
        language.generate([prompt], 20)
    assert stub.asked == []
