"""Next-token scores and likelihoods against the model's own logits, however prompts are batched."""

from __future__ import annotations

import pytest
import torch

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import Message, Prompt
from benchmark.backbones.language.head import Head
from benchmark.backbones.language.states import States, Wanted, common_length, families
from benchmark.backbones.meter import Meter
from benchmark.backbones.prompt import Span
from benchmark.errors import QueryError, UserError
from tests.backbones.language.made import backbone, encoded, language
from tests.backbones.tiny_models import ARCHITECTURES, build

TOLERANCE = 1e-4
CHANGES = {"granite": {"logits_scaling": 3.0}, "gemma2": {"final_logit_softcapping": 5.0}}
"""Scaling and capping strong enough that leaving them out would be seen."""


def ids(length: int, seed: int) -> list[int]:
    return torch.randint(3, 97, (length,), generator=torch.Generator().manual_seed(seed)).tolist()


SHARED = ids(40, 0)
PROMPTS = [SHARED + ids(length, length) for length in (5, 1, 30, 12)]


def own_logits(kind: str, prompt: list[int]) -> torch.Tensor:
    """``[tokens, vocabulary]`` of transformers' own causal language model."""
    model = build(kind, "eager", head=True, **CHANGES.get(kind, {}))
    with torch.inference_mode():
        return model(torch.tensor([prompt])).logits[0]


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_logits_are_the_models_own_batched_or_single(kind: str) -> None:
    model = build(kind, head=True, **CHANGES.get(kind, {}))
    states, head = States(model.get_decoder(), Meter()), Head(model)
    wanted = [Wanted(prompt, Span(len(prompt) - 2, len(prompt))) for prompt in PROMPTS]
    ways = {
        "single": [states.rows([one])[0] for one in wanted],
        "padded": states._padded(wanted),
        "over a shared cache": states._over_cache(wanted, 39),
    }
    some = torch.tensor([3, 90, 7])
    for number, prompt in enumerate(PROMPTS):
        expected = own_logits(kind, prompt)[-2:]
        assert expected.std() > 0.05, "too flat to tell anything"
        for way, found in ways.items():
            difference = (head.logits(found[number]) - expected).abs().max()
            assert difference < TOLERANCE, way
            chosen = head.logits(found[number], some)
            torch.testing.assert_close(chosen, expected[:, some], atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("kind", ["mistral", "gemma3_text", "gpt_oss"])
def test_a_shared_beginning_is_run_once_and_nothing_changes(kind: str) -> None:
    model = build(kind, head=True)
    meter = Meter()
    states = States(model.get_decoder(), meter)
    wanted = [Wanted(prompt, Span(len(prompt) - 1, len(prompt))) for prompt in PROMPTS]
    together = states.rows(wanted)
    assert (meter.total.forward_passes, meter.total.prompt_tokens) == (2, 40 + 5 + 1 + 30 + 12 - 0)
    for one, found in zip(wanted, together, strict=True):
        torch.testing.assert_close(states.rows([one])[0], found, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize(("rest", "passes", "tokens"), [(10, 2, 40 + 10 * 10), (80, 1, 10 * 120)])
def test_a_beginning_is_shared_only_where_that_is_less_work(rest: int, passes: int, tokens: int) -> None:
    # Ten rests of 80 tokens would look at each other 576,000 times behind the mask, to save 360 tokens.
    model = build("llama", head=True, max_position_embeddings=2048)
    meter = Meter()
    states = States(model.get_decoder(), meter)
    wanted = [Wanted(SHARED + ids(rest, seed), Span(40 + rest - 1, 40 + rest)) for seed in range(1, 11)]
    together = states.rows(wanted)
    assert (meter.total.forward_passes, meter.total.prompt_tokens) == (passes, tokens)
    for one, found in zip(wanted, together, strict=True):
        torch.testing.assert_close(states.rows([one])[0], found, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("kind", ["mistral", "gemma3_text", "gpt_oss"])
def test_what_some_prompts_share_beyond_the_rest_is_run_once_too(kind: str) -> None:
    first, second = ids(70, 1), ids(80, 2)
    prompts = [SHARED + part + ids(length, length) for length in (5, 9, 3) for part in (first, second, [])]
    meter = Meter()
    states = States(build(kind, head=True).get_decoder(), meter)
    wanted = [Wanted(prompt, Span(len(prompt) - 1, len(prompt))) for prompt in prompts]
    together = states.rows(wanted)
    # The beginning of all, of the first three and of the second three; then the rests of each group.
    assert (meter.total.forward_passes, meter.total.prompt_tokens) == (6, 40 + 70 + 80 + 3 * (5 + 9 + 3))
    for one, found in zip(wanted, together, strict=True):
        torch.testing.assert_close(states.rows([one])[0], found, atol=TOLERANCE, rtol=0)


def test_families_share_at_least_what_is_worth_it_and_leave_every_wanted_row() -> None:
    first, second = ids(200, 1), ids(64, 2)
    prompts = [SHARED + first + [3], SHARED + second + [3], SHARED + first[:150] + [4], SHARED + second + [4, 5]]
    wanted = [Wanted(prompt, Span(len(prompt) - 1, len(prompt))) for prompt in prompts]
    assert {length: sorted(family) for length, family in families(wanted, 40)} == {104: [1, 3], 190: [0, 2]}
    ((length, alone),) = families(wanted[:2], 40)
    assert (length, sorted(alone)) == (40, [0, 1])
    early = [Wanted(prompt, Span(100, len(prompt))) for prompt in prompts]
    assert {length for length, _ in families(early, 30)} == {100}
    ((length, everything),) = families(early, 40)
    assert (length, sorted(everything)) == (40, [0, 1, 2, 3]), "104 tokens would hide rows that are wanted"


def test_pieces_that_do_not_fit_together_go_over_the_same_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmark.backbones import packing

    model = build("gemma3_text", head=True)
    states = States(model.get_decoder(), Meter())
    wanted = [Wanted(prompt, Span(len(prompt) - 1, len(prompt))) for prompt in PROMPTS]
    before = states.rows(wanted)
    monkeypatch.setattr(packing, "BATCH_TOKENS", 64)
    for expected, found in zip(before, states.rows(wanted), strict=True):
        torch.testing.assert_close(found, expected, atol=TOLERANCE, rtol=0)


def test_recurrent_layers_are_never_laid_end_to_end() -> None:
    """A state that runs through the sequence cannot be kept out of the next piece."""
    model = build("llama", head=True)
    model.config.layer_types = ["full_attention", "linear_attention"]
    assert States(model.get_decoder(), Meter()).shared_length([Wanted(p, Span(45, 46)) for p in PROMPTS]) == 0


def test_what_prompts_begin_with() -> None:
    assert common_length([[1, 2, 3], [1, 2, 4], [1, 2]]) == 2


def test_answers_are_comparable_and_their_spellings_add_up() -> None:
    model = language()
    prompt = encoded(ids(30, 5))
    logits = own_logits_of(model, list(prompt.ids or ()))
    table = model._vocabulary.by_text
    ((yes,), (no,)) = table["a"], table["b"]
    (space,) = table[" "]
    chosen = torch.stack([torch.logsumexp(logits[[yes, space]], 0), logits[no]])
    (found,) = model.next_token([prompt], [("a", " "), ("b",)])
    torch.testing.assert_close(torch.tensor(found), torch.log_softmax(chosen, 0), atol=TOLERANCE, rtol=0)
    (whole,) = model.next_token([prompt], [("a", " "), ("b",)], over="vocabulary")
    expected = chosen - torch.logsumexp(logits, 0)
    torch.testing.assert_close(torch.tensor(whole), expected, atol=TOLERANCE, rtol=0)


def own_logits_of(model: object, prompt: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        return build("llama", "eager", head=True, vocab_size=500)(torch.tensor([prompt])).logits[0, -1]


def test_likelihood_is_the_sum_over_the_continuation() -> None:
    model = language()
    prompts = [encoded(prompt, start) for prompt, start in zip(PROMPTS, (41, 40, 55, 50), strict=True)]
    found = model.likelihood(prompts)
    for prompt, value in zip(prompts, found, strict=True):
        assert prompt.ids is not None
        with torch.inference_mode():
            own = build("llama", "eager", head=True, vocab_size=500)(torch.tensor([prompt.ids])).logits[0]
        steps = torch.log_softmax(own, -1)[prompt.start - 1 : -1]
        expected = steps.gather(1, torch.tensor(prompt.ids[prompt.start :])[:, None]).sum()
        assert value == pytest.approx(float(expected), abs=1e-3)


def test_a_continuation_begins_where_its_first_token_ends() -> None:
    model = language()
    prompt = Prompt((Message("user", "a fox"),))
    alone, whole = model.encode(prompt), model.encode(prompt, "the quick dog")
    assert whole.ids is not None
    assert whole.start <= len(alone)
    assert model._text(whole.ids[whole.start :]).endswith("the quick dog")
    with pytest.raises(QueryError, match="no continuation"):
        model.likelihood([alone])


def test_no_prompts_give_no_scores() -> None:
    model = language()
    assert model.next_token([], [("a",)]) == model.likelihood([]) == model.generate([], 3) == []


def test_too_long_a_prompt_says_by_how_much() -> None:
    model = language(context=32)
    with pytest.raises(QueryError, match=r"has 40 tokens, 8 more than the context of 32"):
        model.next_token([encoded(SHARED)], [("a",)])
    with pytest.raises(QueryError, match=r"has 30 tokens and 10 for the answer, 8 more"):
        model.generate([encoded(ids(30, 1))], 10)


def test_answers_that_are_no_token_or_the_same_one_are_named() -> None:
    model = language()
    with pytest.raises(UserError, match=r"no single token for 'zzq', '\[17\]'"):
        model.check_answers([("a",), ("zzq",), ("[17]",)])
    with pytest.raises(UserError, match="share a token"):
        model.check_answers([("a",), ("a", "b")])


def test_an_unknown_way_to_make_logits_is_refused() -> None:
    model = build("granite", head=True, logits_scaling=3.0)
    forward = type(model).forward
    model.forward = lambda *args, **options: _halved(forward(model, *args, **options))
    with pytest.raises(UserError, match="GraniteForCausalLM: its logits are made in a way that is not known"):
        Head(model)


def _halved(output: object) -> object:
    output.logits = output.logits / 2  # type: ignore[attr-defined]
    return output


def test_without_a_head_there_is_no_language_model(demo_backbone: Backbone) -> None:
    made = backbone()
    bare = Backbone("bare", made._model, made.tokenizer, made.chat, 512, 0)
    with pytest.raises(RuntimeError, match="must list logits or generation"):
        _ = bare.language


def test_batched_and_single_scores_of_a_real_model(demo_language_backbone: Backbone) -> None:
    model = demo_language_backbone.language
    texts = ["Is copper a metal?", "Is the Danube a river that ends in the Black Sea?", "Is bread a fish?"] * 2
    texts[3:] = [f"{text} Answer yes or no, and nothing else, since nobody reads more." for text in texts[3:]]
    prompts = [model.encode(Prompt((Message("user", text),))) for text in texts]
    answers = [("Yes", "yes"), ("No", "no")]
    together = model.next_token(prompts, answers)
    single = [model.next_token([prompt], answers)[0] for prompt in prompts]
    assert torch.tensor(together) == pytest.approx(torch.tensor(single), abs=TOLERANCE)
    assert len({round(row[0], 3) for row in together}) == 6
