"""The reference runs the tokens that the method gave the model, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from benchmark.backbones.attention.prompt import Branch, Prompt
from benchmark.backbones.backbone import Backbone
from benchmark.backbones.prompt import Span
from benchmark.backbones.spec import Chat
from benchmark.timing.reference import Reference
from tests.backbones.language import made


@contextmanager
def forwards(model: Any) -> Iterator[list[dict[str, Any]]]:
    """What the model is called with."""
    seen: list[dict[str, Any]] = []
    handle = model.register_forward_pre_hook(lambda _, args, kwargs: seen.append(kwargs), with_kwargs=True)
    yield seen
    handle.remove()


def noted(backbone: Backbone, needs: set[str], ask: Callable[[], object]) -> Reference:
    reference = Reference(backbone, needs)
    with reference.noting():
        ask()
    return reference


def rows(call: dict[str, Any], name: str = "input_ids") -> list[list[int]]:
    found: list[list[int]] = call[name].tolist()
    return found


def test_prefix_and_branches_of_a_reading_are_one_prompt(tiny_backbone: Backbone) -> None:
    prompt = Prompt([5, 6, 7], [Branch([8, 9], Span(0, 1)), Branch([10], Span(0, 1))])
    reader = tiny_backbone.attention
    reference = noted(tiny_backbone, {"attention"}, lambda: reader.read(prompt, {1: [0]}, lambda *_: None))
    assert reference.sequences == [[5, 6, 7, 8, 9, 10]]
    model = vars(tiny_backbone)["_model"]
    with forwards(model) as seen:
        reference.run()
    (call,) = seen
    assert rows(call) == [[5, 6, 7, 8, 9, 10]]
    assert "attention_mask" not in call
    assert call["use_cache"] is False
    assert "read_batch" not in vars(reader), "the reader is as it was"
    assert "prompted" not in vars(tiny_backbone.meter)


def test_what_was_asked_outside_is_not_noted(tiny_backbone: Backbone) -> None:
    states = tiny_backbone.attention.states
    states([1, 2, 3], 1)
    reference = noted(tiny_backbone, {"attention"}, lambda: states([4, 5], 1))
    states([6], 1)
    assert reference.sequences == [[4, 5]]
    with reference.noting():
        pass
    assert reference.sequences == []
    with forwards(vars(tiny_backbone)["_model"]) as seen:
        reference.run()
    assert seen == []


def test_a_short_prompt_is_not_filled_up_to_a_long_one(tiny_backbone: Backbone) -> None:
    """RouteHead's query beside its documents, say: as padding it would count as much as they do."""
    states = tiny_backbone.attention.states

    def ask() -> None:
        for length in (10, 40, 38):
            states(list(range(1, length + 1)), 1)

    reference = noted(tiny_backbone, {"attention"}, ask)
    with forwards(vars(tiny_backbone)["_model"]) as seen:
        reference.run()
    assert [tuple(call["input_ids"].shape) for call in seen] == [(2, 40), (1, 10)]


def test_prompts_are_whole_although_the_method_shares_their_beginning() -> None:
    backbone = made.backbone()
    common = list(range(3, 103))
    prompts = [made.encoded([*common, *range(200, 200 + extra)]) for extra in (2, 5, 9)]
    reference = noted(backbone, {"logits"}, lambda: backbone.language.next_token(prompts, [("a",), ("b",)]))
    assert reference.sequences == [list(prompt.ids or ()) for prompt in prompts]
    with forwards(vars(backbone)["_model"]) as seen:
        reference.run()
    (call,) = seen
    assert [len(row) for row in rows(call)] == [109] * 3
    assert sorted(sum(1 for token in row if token) for row in rows(call)) == [102, 105, 109]


def test_written_answers_are_no_part_of_it() -> None:
    backbone = made.backbone()
    prompt = made.encoded(range(3, 40))
    reference = noted(backbone, {"generation"}, lambda: backbone.language.generate([prompt], 6))
    assert reference.sequences == [list(range(3, 40))]


def test_pairs_are_run_with_their_mask(tiny_pairs_backbone: Backbone) -> None:
    pairs = [("a river by the old town", "a town"), ("a river by the old town", "a town by it")]
    reference = noted(tiny_pairs_backbone, {"pairs"}, lambda: tiny_pairs_backbone.pairs.scores(pairs, 100))
    with forwards(vars(tiny_pairs_backbone)["_model"]) as seen:
        tiny_pairs_backbone.pairs.scores(pairs, 100)
        reference.run()
    method, bare = seen
    assert torch.equal(method["attention_mask"], bare["attention_mask"])
    visible = bare["attention_mask"].bool()
    assert torch.equal(method["input_ids"][visible], bare["input_ids"][visible])


def test_an_encoder_with_a_decoder_gets_both_sides() -> None:
    torch.manual_seed(0)
    config = CONFIG_MAPPING["t5"](
        vocab_size=500, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, decoder_start_token_id=0
    )
    model = AutoModelForSeq2SeqLM.from_config(config, dtype=torch.float32).eval()
    backbone = Backbone("t5", model, made.tokenizer(), Chat(prefix="", suffix="", separator=""), 512, 0)
    language = backbone.language
    prompts = [language.encode(text, "b") for text in ("something short", "something longer")]
    reference = noted(backbone, {"logits"}, lambda: language.likelihood(prompts))
    with forwards(vars(backbone)["_model"]) as seen:
        language.likelihood(prompts)
        reference.run()
    method, bare = seen
    for name in ("input_ids", "attention_mask", "decoder_input_ids"):
        assert torch.equal(method[name], bare[name])


def test_it_needs_weights_in_this_process(tiny_backbone: Backbone) -> None:
    class Served(Backbone):
        def __init__(self) -> None:
            pass

    assert Reference.possible(tiny_backbone)
    assert not Reference.possible(Served())
    assert not Reference.possible(None)


@pytest.fixture(autouse=True)
def inference() -> Iterator[None]:
    with torch.inference_mode():
        yield
