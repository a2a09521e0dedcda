"""Chat requests: what is sent, what is read, what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import LanguageModel, Message, Prompt
from benchmark.errors import QueryError, UserError
from tests.support import stub_server as on
from tests.support.endpoints import load_endpoint
from tests.support.stub_server import Stub

pytestmark = pytest.mark.timeout(30)

TURNS = (Message("system", "Be brief."), Message("user", "Which?"))
LETTERS = [("A", " A"), ("B", " B")]


@pytest.fixture
def made(tmp_path: Path, stub: Stub) -> Callable[..., LanguageModel]:
    def make(**changes: Any) -> LanguageModel:
        backbone: Backbone = load_endpoint(tmp_path, stub.url, **changes)
        return backbone.language

    return make


def generate(language: LanguageModel, prompt: Prompt | None = None, **options: Any) -> Any:
    (found,) = language.generate([language.encode(prompt or Prompt(TURNS))], 20, **options)
    return found


def test_a_plain_request(stub: Stub, made: Callable[..., LanguageModel]) -> None:
    found = generate(made())
    assert (found.text, found.tokens, found.reason) == ("[1]", 4, "end")
    assert stub.asked == [
        {
            "model": "tiny",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Which?"}],
            "max_tokens": 20,
            "temperature": 0.0,
        }
    ]


def test_what_an_entry_changes_in_a_request(stub: Stub, made: Callable[..., LanguageModel]) -> None:
    language = made(
        system_turn=False,
        thinking_switch=True,
        prefill="continue_final_message",
        limit_field="max_completion_tokens",
        temperature=None,
        extra_body={"seed": 7, "chat_template_kwargs": {"tone": "dry"}},
    )
    generate(language, Prompt(TURNS, opening="[", thinking=True))
    assert stub.asked == [
        {
            "model": "tiny",
            "messages": [{"role": "user", "content": "Be brief.\n Which?"}, {"role": "assistant", "content": "["}],
            "max_completion_tokens": 20,
            "seed": 7,
            "chat_template_kwargs": {"tone": "dry", "enable_thinking": True},
            "continue_final_message": True,
            "add_generation_prompt": False,
        }
    ]
    generate(made(prefill="assistant_turn"), Prompt(TURNS, opening="["))
    assert stub.asked[1]["messages"][-1] == {"role": "assistant", "content": "["}
    assert "continue_final_message" not in stub.asked[1]


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ({"finish": "length"}, "limit"),
        ({"finish": "stop", "stop_reason": "END"}, "stop"),
        ({"finish": "stop", "stop_reason": 2}, "end"),
        ({"finish": "stop", "matched_stop": "END"}, "stop"),
    ],
)
def test_why_an_answer_ended(
    stub: Stub, made: Callable[..., LanguageModel], choice: dict[str, Any], reason: str
) -> None:
    stub.turns = [on.answer("text", **choice)]
    assert generate(made()).reason == reason


def test_an_answer_is_cut_where_a_local_engine_would_have_stopped(
    stub: Stub, made: Callable[..., LanguageModel]
) -> None:
    stub.turns = [on.answer("[2] > [1] and so on, on and on", "length")]
    found = generate(made(), stop=lambda text: "[1]" in text)
    assert (found.text, found.reason, found.cut) == ("[2] > [1]", "stop", False)


def test_probabilities_of_answers(stub: Stub, made: Callable[..., LanguageModel]) -> None:
    # Two tokens of one text, two spellings, a token that is no answer, a spelling that is not told.
    told = {"A": math.log(0.2), " A": math.log(0.1), "B": math.log(0.1), "x": math.log(0.5)}
    top = [{"token": token, "logprob": value} for token, value in [*told.items(), ("B", math.log(0.05))]]
    turn = on.answer(logprobs={"content": [{**top[0], "top_logprobs": top}]})
    stub.turns = [turn, turn]
    language = made(top_logprobs=7)
    prompt = language.encode(Prompt(TURNS))
    ((first, second),) = language.next_token([prompt], LETTERS)
    assert [math.exp(first), math.exp(second)] == pytest.approx([0.3 / 0.45, 0.15 / 0.45])
    ((first, second),) = language.next_token([prompt], LETTERS, over="vocabulary")
    assert [math.exp(first), math.exp(second)] == pytest.approx([0.3, 0.15])
    assert {**stub.asked[0], "messages": None} == {
        "model": "tiny",
        "messages": None,
        "max_tokens": 1,
        "temperature": 0.0,
        "logprobs": True,
        "top_logprobs": 7,
    }


def test_an_answer_that_is_not_told_has_no_probability(stub: Stub, made: Callable[..., LanguageModel]) -> None:
    stub.turns = [on.answer(logprobs=on.told(A=-1.0, x=-2.0))]
    language = made()
    with pytest.raises(QueryError, match=r"'B' not among the 20 most likely tokens .* raise top_logprobs"):
        language.next_token([language.encode(Prompt(TURNS))], LETTERS)


def test_what_the_server_gives_is_asked_once_before_the_first_query(
    stub: Stub, made: Callable[..., LanguageModel]
) -> None:
    language = made()
    stub.turns = [on.answer(), on.answer(logprobs=on.told(A=-1.0))]
    language.require("generate", "next_token")
    language.require("vocabulary", "generate")
    assert [body["max_tokens"] for body in stub.asked] == [16, 1]


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (on.answer(), "answers without log-probabilities"),
        (on.answer(logprobs={"content": []}), "answers without log-probabilities"),
        (on.refuse(422, "Unexpected fields: logprobs"), "Unexpected fields: logprobs"),
    ],
)
def test_a_server_without_log_probabilities_is_refused(
    stub: Stub, made: Callable[..., LanguageModel], turn: on.Turn, words: str
) -> None:
    stub.turns = [turn]
    with pytest.raises(
        UserError, match=r"Backbone 'served' cannot give what the method needs \(next_token\)"
    ) as caught:
        made().require("next_token")
    assert words in str(caught.value)


def test_what_chat_requests_cannot_do_is_refused(stub: Stub, made: Callable[..., LanguageModel]) -> None:
    language = made()
    with pytest.raises(UserError, match=r"begins the answer for the model \('\['\).*Set prefill"):
        language.encode(Prompt(TURNS, opening="["))
    with pytest.raises(UserError, match="Set thinking_switch"):
        language.encode(Prompt(TURNS, thinking=True))
    for capability in ("tokens", "likelihood", "constraint"):
        with pytest.raises(UserError, match=f"cannot give what the method needs: {capability}"):
            language.require(capability)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="needs: next_token"):
        made(top_logprobs=0).require("next_token")
    prompt = language.encode(Prompt(TURNS))
    for refused in (
        lambda: language.cut("text", 3),
        lambda: language.fragment("text"),
        lambda: language.likelihood([prompt]),
        lambda: language.generate([prompt], 3, constraint=lambda ids: None),
        lambda: language.generate([language.encode("plain text")], 3),
    ):
        with pytest.raises(UserError, match="Backbone 'served' is asked by chat requests and cannot give"):
            refused()
    with pytest.raises(QueryError, match="does not know the number of tokens"):
        len(prompt)
    assert stub.asked == []
