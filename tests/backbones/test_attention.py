"""The attention reader against the eager implementation's own attention weights."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.backbones.attention.prompt import Branch, Prompt
from benchmark.backbones.attention.reader import AttentionReader
from benchmark.backbones.meter import Meter
from benchmark.backbones.prompt import Span
from benchmark.errors import QueryError, UserError
from tests.backbones.tiny_models import ARCHITECTURES, build

TOLERANCE = 1e-5


def eager(model, prefix: Sequence[int], branch: Branch) -> torch.Tensor:
    """``[layers, heads, prefix]``: mean attention of the branch's rows in one plain forward pass of its own."""
    with torch.inference_mode():
        output = model(input_ids=torch.tensor([[*prefix, *branch.ids]]), output_attentions=True, use_cache=False)
    rows = slice(len(prefix) + branch.rows.start, len(prefix) + branch.rows.stop)
    return torch.stack([layer[0, :, rows, : len(prefix)].mean(1) for layer in output.attentions])


def read(reader: AttentionReader, prefix, branches, heads) -> dict[int, torch.Tensor]:
    found = {}
    reader.read(Prompt(prefix, branches), heads, lambda layer, values: found.setdefault(layer, values.clone()))
    return found


def reader_of(model, context: int = 512) -> AttentionReader:
    return AttentionReader(model, Meter(), context)


def ids(length: int, seed: int) -> list[int]:
    return torch.randint(3, 97, (length,), generator=torch.Generator().manual_seed(seed)).tolist()


PREFIX = ids(60, 1)
QUERY = Branch(ids(11, 2), Span(0, 11))
OTHER = Branch(ids(5, 3), Span(1, 4))


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_equals_eager_attention(kind: str) -> None:
    reader = reader_of(build(kind))
    found = read(reader, PREFIX, [QUERY, OTHER], reader.all_heads())
    reference = build(kind, "eager")
    for number, branch in enumerate((QUERY, OTHER)):
        expected = eager(reference, PREFIX, branch)
        assert expected.max() > 2.5 * expected.mean(), "attention is too flat to tell anything"
        for layer in range(reader.layers):
            torch.testing.assert_close(found[layer][number], expected[layer], atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("kind", ["mistral", "gemma2", "gemma3_text", "gpt_oss"])
def test_a_local_layer_pays_nothing_to_far_documents(kind: str) -> None:
    model = build(kind)
    kinds = getattr(model.config, "layer_types", ["sliding_attention"] * 4)
    local = [layer for layer, kind in enumerate(kinds) if kind == "sliding_attention"]
    found = read(reader_of(model), PREFIX, [QUERY], {layer: range(4) for layer in range(4)})
    assert local
    for layer in local:
        assert found[layer][..., : len(PREFIX) - 16].eq(0).all()
        assert found[layer][..., len(PREFIX) - 1].gt(0).any()


@settings(max_examples=25, deadline=None)
@given(
    prefix=st.integers(1, 90),
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=3),
    chosen=st.dictionaries(st.integers(0, 3), st.lists(st.integers(0, 3), min_size=1, max_size=6), min_size=1),
    seed=st.integers(0, 1000),
    data=st.data(),
)
def test_any_lengths_rows_and_heads(prefix: int, lengths: list[int], chosen, seed: int, data: st.DataObject) -> None:
    branches = []
    for number, length in enumerate(lengths):
        start = data.draw(st.integers(0, length - 1))
        branches.append(Branch(ids(length, seed + number), Span(start, data.draw(st.integers(start + 1, length)))))
    tokens = ids(prefix, seed + 99)
    found = read(reader_of(build("gemma3_text")), tokens, branches, chosen)
    assert sorted(found) == sorted(chosen)
    reference = build("gemma3_text", "eager")
    for number, branch in enumerate(branches):
        expected = eager(reference, tokens, branch)
        for layer, heads in chosen.items():
            torch.testing.assert_close(found[layer][number], expected[layer][heads], atol=TOLERANCE, rtol=0)


def test_layers_above_the_deepest_are_not_run() -> None:
    model = build("llama")
    ran = []
    for number, layer in enumerate(model.layers):
        layer.mlp.register_forward_hook(lambda *_, number=number: ran.append(number))
    read(reader_of(model), PREFIX, [QUERY], {1: [0], 2: [3]})
    # Prefix and tails; the deepest layer ends at its queries and keys, before its own mlp.
    assert ran == [0, 1, 0, 1]


def test_the_meter_counts_every_token_once() -> None:
    meter = Meter()
    reader = AttentionReader(build("llama"), meter, 512)
    read(reader, PREFIX, [QUERY, OTHER], {0: [0]})
    assert meter.total.forward_passes == 2
    assert meter.total.prompt_tokens == len(PREFIX) + len(QUERY.ids) + len(OTHER.ids)


def test_a_reading_leaves_the_model_as_it_was() -> None:
    model = build("qwen3")
    before = read(reader_of(model), PREFIX, [QUERY], {2: [1]})
    read(reader_of(model), ids(30, 8), [OTHER], {3: [0, 2]})
    again = read(reader_of(model), PREFIX, [QUERY], {2: [1]})
    assert torch.equal(before[2], again[2])
    plain = build("qwen3", "sdpa")
    tokens = torch.tensor([PREFIX])
    with torch.inference_mode():
        torch.testing.assert_close(model(tokens).last_hidden_state, plain(tokens).last_hidden_state)


def test_a_prompt_longer_than_the_context_says_by_how_much() -> None:
    with pytest.raises(QueryError, match=r"71 tokens, 7 more than the context of 64.*words.*window"):
        read(reader_of(build("llama"), 64), PREFIX, [QUERY, OTHER], {0: [0]})


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        ({4: [0]}, r"No such head: 4-0\. The model has layers 0-3 with heads 0-3"),
        ({0: [1, 7], -1: [2]}, r"No such head: 0-7, -1-2"),
        ({}, "No attention head is selected"),
        ({2: []}, "No attention head is selected"),
    ],
)
def test_unknown_heads_are_named(heads, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(reader_of(build("llama")), PREFIX, [QUERY], heads)


def test_an_architecture_without_readable_attention_says_so() -> None:
    from transformers import AutoModel, MambaConfig

    config = MambaConfig(vocab_size=97, hidden_size=16, num_hidden_layers=2, state_size=4)
    config.num_attention_heads = 2
    model = AutoModel.from_config(config).eval()
    with pytest.raises(UserError, match=r"Mamba.*cannot be read"):
        read(reader_of(model), PREFIX, [QUERY], {0: [0]})


@pytest.mark.parametrize("kind", ["llama", "gemma3_text", "gpt_oss", "phi3"])
def test_a_padded_batch_gives_what_each_prompt_gives_alone(kind: str) -> None:
    reader = reader_of(build(kind))
    prompts = [
        Prompt(PREFIX, [QUERY, OTHER]),
        Prompt(ids(23, 5), [OTHER]),
        Prompt(ids(81, 6), [Branch(ids(3, 7), Span(2, 3)), QUERY]),
    ]
    heads = {0: [1], 1: [0, 3], 3: range(4)}
    found: list[dict[int, torch.Tensor]] = [{} for _ in prompts]
    reader.read_batch(
        prompts, heads, [lambda layer, values, into=into: into.update({layer: values.clone()}) for into in found]
    )
    for prompt, together in zip(prompts, found, strict=True):
        alone = read(reader, prompt.prefix, prompt.branches, heads)
        assert together.keys() == alone.keys()
        for layer in alone:
            torch.testing.assert_close(together[layer], alone[layer], atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("kind", ["llama", "qwen3", "gemma2", "olmo2"])
@pytest.mark.parametrize("layer", [0, 2])
def test_hidden_states_of_the_tail_come_from_the_same_forward(kind: str, layer: int) -> None:
    reader = reader_of(build(kind))
    states = reader.read(Prompt(PREFIX, [QUERY, OTHER]), {1: [0]}, lambda *_: None, hidden=layer)
    assert states is not None
    assert states.shape == (len(QUERY.ids) + len(OTHER.ids), 32)
    with torch.inference_mode():
        tokens = torch.tensor([[*PREFIX, *QUERY.ids]])
        expected = build(kind, "eager")(tokens, output_hidden_states=True).hidden_states[layer][0, len(PREFIX) :]
    torch.testing.assert_close(states[: len(QUERY.ids)], expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", ["llama", "gemma3_text"])
@pytest.mark.parametrize("layer", [0, 1, 3])
def test_states_are_what_enters_a_layer_and_later_layers_are_not_run(kind: str, layer: int) -> None:
    model, meter = build(kind), Meter()
    ran = []
    for number, module in enumerate(model.layers):
        module.self_attn.o_proj.register_forward_hook(lambda *_, number=number: ran.append(number))
    states = AttentionReader(model, meter, 512).states(QUERY.ids, layer)
    with torch.inference_mode():
        output = build(kind, "eager")(torch.tensor([QUERY.ids]), output_hidden_states=True, use_cache=False)
    torch.testing.assert_close(states, output.hidden_states[layer][0], atol=1e-4, rtol=1e-4)
    assert ran == list(range(layer))
    assert (meter.total.forward_passes, meter.total.prompt_tokens) == (1, len(QUERY.ids))


def test_states_of_too_many_tokens_or_of_no_layer_are_refused() -> None:
    reader = reader_of(build("llama"), 10)
    with pytest.raises(QueryError, match="the query has 11 tokens and the context only 10"):
        reader.states(QUERY.ids, 1)
    for layer in (-1, 4):
        with pytest.raises(UserError, match=rf"No such layer: {layer}\. The model has layers 0-3"):
            reader.states(PREFIX[:5], layer)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_stays_near_single(dtype: torch.dtype) -> None:
    half = read(reader_of(build("llama").to(dtype)), PREFIX, [QUERY], {3: range(4)})[3]
    single = read(reader_of(build("llama")), PREFIX, [QUERY], {3: range(4)})[3]
    assert half.dtype == torch.float32
    assert (half - single).abs().max() < 0.1


def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmark.backbones.attention import rows

    for kind in ("llama", "gpt_oss"):
        whole = read(reader_of(build(kind)), PREFIX, [QUERY, OTHER], {0: range(4), 3: [2, 0, 0]})
        monkeypatch.setattr(rows, "BLOCK", 1)
        apart = read(reader_of(build(kind)), PREFIX, [QUERY, OTHER], {0: range(4), 3: [2, 0, 0]})
        monkeypatch.undo()
        for layer in whole:
            torch.testing.assert_close(whole[layer], apart[layer], atol=TOLERANCE, rtol=0)
