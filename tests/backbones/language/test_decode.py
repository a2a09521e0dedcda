"""Greedy generation against transformers' own, and when it ends."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import Message, Prompt
from benchmark.backbones.language.decode import Rules, Writer
from benchmark.backbones.language.head import Head
from benchmark.backbones.language.states import States
from benchmark.backbones.meter import Meter
from tests.backbones.language.made import encoded, language
from tests.backbones.language.test_scores import PROMPTS, ids
from tests.backbones.tiny_models import ARCHITECTURES, build

RULES = Rules(20, frozenset({2}))


def writer(kind: str, meter: Meter | None = None) -> Writer:
    model = build(kind, head=True)
    counted = meter or Meter()
    return Writer(States(model.get_decoder(), counted), Head(model), as_numbers, counted)


def as_numbers(tokens: Sequence[int]) -> str:
    return " ".join(map(str, tokens))


@pytest.mark.parametrize("kind", ARCHITECTURES)
@pytest.mark.parametrize("prompts", [PROMPTS, [ids(30, 3), ids(9, 4), ids(2, 5)]], ids=["shared", "different"])
def test_writes_what_transformers_writes_batched_or_single(kind: str, prompts: list[list[int]]) -> None:
    writes, reference = writer(kind), build(kind, "eager", head=True)
    together = writes.write(prompts, RULES)
    assert together == [writes.write([prompt], RULES)[0] for prompt in prompts]
    for prompt, answer in zip(prompts, together, strict=True):
        own = reference.generate(
            torch.tensor([prompt]), max_new_tokens=20, do_sample=False, eos_token_id=2, pad_token_id=0
        )
        assert answer.text == as_numbers(own[0, len(prompt) :].tolist())
        assert answer.cut == (answer.tokens == 20 and not answer.text.endswith(" 2"))


def test_answers_that_end_early_are_dropped_from_the_batch() -> None:
    meter = Meter()
    together = writer("phi3", meter).write(PROMPTS, RULES)
    lengths = [answer.tokens for answer in together]
    assert min(lengths) < max(lengths) == 20
    assert meter.total.completion_tokens == sum(lengths)
    # The shared beginning, the rests, and one pass a token after the first.
    assert meter.total.forward_passes == 2 + 19
    assert meter.total.prompt_tokens == 40 + sum(len(prompt) - 40 for prompt in PROMPTS)
    assert set(meter.total.seconds) == {"prefill", "decode"}


def test_a_stop_condition_ends_the_answer_at_once() -> None:
    (whole,) = writer("llama").write(PROMPTS[2:3], Rules(20, frozenset()))
    seen = []

    def third(text: str) -> bool:
        seen.append(text)
        return len(text.split()) == 3

    (answer,) = writer("llama").write(PROMPTS[2:3], Rules(20, frozenset(), stop=third))
    assert answer.text == " ".join(whole.text.split()[:3]) == seen[-1]
    assert (answer.tokens, answer.reason, answer.cut) == (3, "stop", False)


def test_a_constraint_is_kept_and_costs_no_logits_where_there_is_no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    plan: list[Sequence[int]] = [[7], [11, 12], [7], [13], [14, 15]]
    calls = []
    best = Head.best
    monkeypatch.setattr(
        Head, "best", lambda self, hidden, chosen=None: calls.append(chosen) or best(self, hidden, chosen)
    )

    def constraint(generated: Sequence[int]) -> Sequence[int] | None:
        return plan[len(generated)] if len(generated) < len(plan) else None

    meter = Meter()
    (answer,) = writer("llama", meter).write(PROMPTS[:1], Rules(20, frozenset(), constraint=constraint))
    tokens = [int(token) for token in answer.text.split()]
    assert all(token in allowed for token, allowed in zip(tokens, plan, strict=True))
    assert (answer.reason, answer.tokens) == ("end", 5)
    assert calls == [[11, 12], [14, 15]]
    assert meter.total.forward_passes == 5, "the last token is not run through the model"


def test_what_ends_a_turn_is_no_text(demo_language_backbone: Backbone) -> None:
    model = demo_language_backbone.language
    prompt = model.encode(Prompt((Message("user", "Say only: hello"),)))
    (answer,) = model.generate([prompt], 40)
    assert answer.reason == "end"
    assert answer.text.strip()
    assert "<|im_end|>" not in answer.text
    (cut,) = model.generate([prompt], 2)
    assert (cut.tokens, cut.cut) == (2, True)


def test_the_context_leaves_room_for_the_answer() -> None:
    model = language(context=40)
    assert model.generate([encoded(ids(30, 1))], 10)[0].tokens <= 10
