"""Operations estimated from shapes, beside those that torch counts as they are computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModel, AutoModelForSeq2SeqLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from benchmark.backbones.attention.prompt import Branch, Prompt
from benchmark.backbones.attention.reader import AttentionReader
from benchmark.backbones.backbone import Backbone
from benchmark.backbones.meter import Meter
from benchmark.backbones.prompt import Span
from benchmark.harness import flops
from benchmark.harness.flops import FlopMeter, counted
from tests.backbones.language import made
from tests.backbones.tiny_models import ARCHITECTURES, SIZE, build

ROUNDING = 1e-3
"""Relative; products that are no layer's, such as rotary positions made by one, are left out."""


def by_torch(run: Callable[[], object]) -> int:
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        run()
    return int(counter.get_total_flops())


def by_shapes(model: Any, run: Callable[[], object]) -> int:
    meter = FlopMeter(model)
    meter.attach()
    run()
    meter.detach()
    before = meter.total
    run()
    assert meter.total == before, "a detached meter counts on"
    return before


@pytest.mark.parametrize("kind", [kind for kind in ARCHITECTURES if kind != "gpt_oss"])
def test_a_whole_forward_pass(kind: str) -> None:
    model = build(kind)
    ids = torch.arange(90)[None]

    def run() -> None:
        with torch.inference_mode():
            model(input_ids=ids, use_cache=False)

    assert by_shapes(model, run) == pytest.approx(by_torch(run), rel=ROUNDING)


@pytest.mark.parametrize("kind", ["bert", "roberta", "gpt2"])
def test_other_kinds_of_layers(kind: str) -> None:
    config = CONFIG_MAPPING[kind](**{**SIZE, "type_vocab_size": 2})
    model = AutoModel.from_config(config, dtype=torch.float32).eval()
    ids = torch.arange(90)[None] % 90

    def run() -> None:
        with torch.inference_mode():
            model(input_ids=ids)

    assert by_shapes(model, run) == pytest.approx(by_torch(run), rel=ROUNDING)


def test_an_encoder_with_a_decoder() -> None:
    config = CONFIG_MAPPING["t5"](
        vocab_size=97, d_model=32, d_kv=8, d_ff=48, num_layers=3, num_heads=4, decoder_start_token_id=0
    )
    model = AutoModelForSeq2SeqLM.from_config(config, dtype=torch.float32).eval()

    def run() -> None:
        with torch.inference_mode():
            model(input_ids=torch.arange(60)[None], decoder_input_ids=torch.arange(5)[None], use_cache=False)

    assert by_shapes(model, run) == pytest.approx(by_torch(run), rel=ROUNDING)


def test_a_reading_that_ends_in_the_middle_of_a_layer_counts_what_was_run() -> None:
    model = build("qwen3")
    reader = AttentionReader(model, Meter(), 512)
    prompt = Prompt(list(range(80)), [Branch([3, 4, 5, 6], Span(0, 1)), Branch([7, 8], Span(0, 1))])

    def read(last: int) -> Callable[[], object]:
        return lambda: reader.read(prompt, {last: [0]}, lambda *_: None)

    # Torch also counts the one row of one head that is read.
    for last in range(4):
        assert by_shapes(model, read(last)) == pytest.approx(by_torch(read(last)), rel=0.01)
    first = by_shapes(model, read(0))
    # Of the first layer queries, keys and values alone: 32 x (32 + 16 + 16) weights, 86 tokens.
    assert first == 2 * 86 * 32 * 64


def test_scores_and_written_answers_with_their_logits() -> None:
    backbone = made.backbone("llama")
    language = backbone.language
    prompts = [made.encoded([5, 6, 7, *range(20, 20 + extra)]) for extra in (9, 30)]
    runs: list[Callable[[], object]] = [
        lambda: language.next_token(prompts, [("a",), ("b",)]),
        lambda: language.next_token(prompts, [("a",), ("b",)], over="vocabulary"),
        lambda: language.generate(prompts, 5),
    ]
    for run in runs:
        with counted(backbone) as meter:
            assert meter is not None
            run()
            found = meter.total
        assert found == pytest.approx(by_torch(run), rel=ROUNDING)
    assert "logits" not in vars(language._head), "the head is as it was"


def test_pairs(tiny_pairs_backbone: Backbone) -> None:
    pairs = [("a river", "a town by the river " * extra) for extra in (1, 3)]

    def run() -> object:
        return tiny_pairs_backbone.pairs.scores(pairs, 200)

    with counted(tiny_pairs_backbone) as meter:
        assert meter is not None
        run()
    assert meter.total == pytest.approx(by_torch(run), rel=ROUNDING)


def test_what_is_not_counted_right_is_not_known() -> None:
    backbone = made.backbone("gpt_oss")
    with counted(backbone) as meter:
        assert meter is None, "its experts multiply outside of linear layers"
    with counted(None) as meter:
        assert meter is None


def test_a_forward_pass_that_torch_counts_otherwise_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flops, "_is_linear", lambda _: False)
    with counted(made.backbone()) as meter:
        assert meter is None
