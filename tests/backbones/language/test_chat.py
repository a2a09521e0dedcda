"""From conversations to tokens."""

from __future__ import annotations

import pytest

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import Encoded, LanguageModel, Message, Prompt
from benchmark.errors import QueryError, UserError
from tests.backbones.language.made import language, tokenizer
from tests.support.templates import CHATML, NO_SYSTEM, SILENT_SYSTEM, SINGLE_TURN, THINKING, WITH_BOS

TALK = (Message("system", "S"), Message("user", "U"), Message("assistant", "A"), Message("user", "V"))


def rendered(template: str | None, prompt: Prompt) -> str:
    return language(text=tokenizer(template))._template.render(prompt)


def test_every_turn_and_the_opening_of_the_answer() -> None:
    assert rendered(CHATML, Prompt(TALK, "[")) == (
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n"
        "<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n["
    )


@pytest.mark.parametrize("template", [NO_SYSTEM, SILENT_SYSTEM])
def test_a_system_text_without_a_place_goes_before_the_first_user_turn(template: str) -> None:
    text = rendered(template, Prompt(TALK))
    assert text.startswith("<user>S\n U")
    assert "S" not in text.replace("S\n U", "")


def test_a_template_that_thinks_is_told_not_to() -> None:
    assert rendered(THINKING, Prompt(TALK)).endswith("<think>\n\n</think>\n\n")
    assert rendered(THINKING, Prompt(TALK, thinking=True)).endswith("assistant\n")


def test_no_template_and_a_refused_conversation_are_named() -> None:
    with pytest.raises(UserError, match="Backbone 'tiny' has no chat template"):
        rendered(None, Prompt(TALK))
    with pytest.raises(UserError, match=r"refuses the conversation \(one turn only\)"):
        rendered(SINGLE_TURN, Prompt(TALK))


@pytest.mark.parametrize("template", [CHATML, WITH_BOS])
@pytest.mark.parametrize("bos", [True, False])
def test_bos_stands_there_once_if_the_model_has_one(template: str, bos: bool) -> None:
    model = language(text=tokenizer(template, bos))
    found = model.encode(Prompt(TALK)).ids
    assert found is not None
    mark = model._tokenizer.fast.convert_tokens_to_ids("<s>")
    assert found.count(mark) == int(bos)
    assert (found[0] == mark) == bos


def test_plain_text_is_a_prompt_too() -> None:
    model = language()
    found = model.encode("the quick fox")
    assert found.ids == tuple(model._tokenizer.encode("the quick fox").ids)


def test_text_is_cut_at_the_end_of_a_token() -> None:
    model = language()
    text = "the quick brown fox jumps"
    length = len(model._tokenizer.encode(text, special=False))
    assert model.cut(text, length) == text
    for tokens in range(1, length):
        part = model.cut(text, tokens)
        assert text.startswith(part)
        assert len(model._tokenizer.encode(part, special=False)) == tokens


def test_tokens_go_by_the_text_they_add() -> None:
    table = language()._vocabulary.by_text
    assert table["["]
    assert table[" the"]
    assert table[" the"] != table.get("the")


def test_what_an_engine_cannot_do_is_named() -> None:
    class Deaf(LanguageModel):
        name = "deaf"
        capabilities = frozenset({"generate"})

    Deaf.__abstractmethods__ = frozenset()
    with pytest.raises(UserError, match=r"Backbone 'deaf' cannot give .*: next_token, tokens\. It gives: generate"):
        Deaf().require("generate", "next_token", "tokens")
    with pytest.raises(QueryError, match="number of tokens"):
        len(Encoded("text"))


def test_the_demo_models_template(demo_language_backbone: Backbone) -> None:
    model = demo_language_backbone.language
    found = model.encode(Prompt((Message("system", "Be brief."), Message("user", "Hi"))))
    assert found.ids is not None
    text = demo_language_backbone.tokenizer.fast.decode(list(found.ids))
    assert text == "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
