"""A folder becomes a model, or a reason why not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.catalogue import Selected, find
from benchmark.backbones.language import Message, Prompt
from benchmark.backbones.loader import chat_from_template, load
from benchmark.backbones.spec import Chat
from benchmark.errors import UserError
from tests.support import tiny
from tests.support.tiny import CONTEXT

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture
def folder(tmp_path: Path, tiny_folder: Path) -> Path:
    return shutil.copytree(tiny_folder, tmp_path / "tiny-llama")


def loaded(folder: Path, **options: Any) -> Backbone:
    return load(find(str(folder)), folder, device="cpu", **options)


def test_what_a_method_may_ask(tiny_folder: Path) -> None:
    backbone = loaded(tiny_folder)
    assert (backbone.name, backbone.device, backbone.context_length) == ("tiny-llama", "cpu", CONTEXT)
    assert backbone.chat == Chat(prefix="", suffix="", separator="\n\n")
    assert (backbone.attention.layers, backbone.attention.heads) == (2, 4)
    weights = load_file(tiny_folder / "model.safetensors")
    stored = sum(tensor.nbytes for tensor in weights.values())
    # Beside the weights there are only the rotary frequencies.
    assert stored <= backbone.weight_bytes < stored + 1000
    text = "naïve café"
    encoding = backbone.tokenizer.encode(text)
    assert len(encoding) == len(text.encode())
    assert encoding.starts[-1] == len(text) - 1


def test_the_number_format_is_the_one_asked_for(tiny_folder: Path) -> None:
    full, half = loaded(tiny_folder), loaded(tiny_folder, dtype="bfloat16")
    assert half.weight_bytes < 0.6 * full.weight_bytes
    assert {parameter.dtype for parameter in half._model.parameters()} == {torch.bfloat16}


def test_loading_changes_no_weight(tiny_folder: Path) -> None:
    weights = load_file(tiny_folder / "model.safetensors")
    state = loaded(tiny_folder)._model.state_dict()
    assert weights.keys() <= state.keys()
    for name, tensor in weights.items():
        torch.testing.assert_close(state[name], tensor, rtol=0, atol=0)


def test_the_catalogues_facts_win_over_the_models(tiny_folder: Path) -> None:
    selected = find(str(tiny_folder))
    chat = Chat(prefix="<u>", suffix="</u>", separator="\n")
    spec = selected.spec.model_copy(update={"context_length": 99, "chat": chat})
    backbone = load(Selected(spec, selected.source), tiny_folder, device="cpu")
    assert (backbone.context_length, backbone.chat) == (99, chat)


def truncate(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:4000])


def garble_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"model": 1}')


def unknown_architecture(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "no-such-model", "architectures": ["X"]}))


def other_size(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"intermediate_size": 52}))


DAMAGES = {
    "no weights": lambda folder: (folder / "model.safetensors").unlink(),
    "half of the weights file": truncate,
    "no tokenizer": lambda folder: [path.unlink() for path in folder.glob("tokenizer*")],
    "a garbled tokenizer": garble_tokenizer,
    "a garbled config": lambda folder: (folder / "config.json").write_text("{"),
    "an unknown architecture": unknown_architecture,
    "weights of another size": other_size,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_folder_that_cannot_be_loaded_is_named(folder: Path, damage: str) -> None:
    DAMAGES[damage](folder)
    with pytest.raises(UserError) as caught:
        loaded(folder)
    (problem,) = caught.value.problems
    assert problem.startswith(f"Backbone 'tiny-llama' in {folder} cannot be loaded: ")
    assert "\n" not in problem


def test_missing_weights_are_refused_and_not_made_up(folder: Path) -> None:
    """transformers would fill them with random numbers."""
    weights = load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if "layers.1.self_attn" not in name}
    assert 0 < len(kept) < len(weights)
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"is not complete: 4 weights are missing, such as .*layers\.1\.self_attn"):
        loaded(folder)


def test_a_language_model_with_its_output_head_loads_as_well(folder: Path, tiny_folder: Path) -> None:
    """Hub repositories hold the head, under names with a prefix; the head is not wanted."""
    weights = {f"model.{name}": tensor for name, tensor in load_file(folder / "model.safetensors").items()}
    weights["lm_head.weight"] = torch.zeros(257, 32)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    plain, headed = loaded(tiny_folder), loaded(folder)
    assert headed.weight_bytes == plain.weight_bytes
    for name, tensor in plain._model.state_dict().items():
        torch.testing.assert_close(headed._model.state_dict()[name], tensor, rtol=0, atol=0)


def headed(tmp_path: Path, **changes: Any) -> Path:
    """A folder with a causal language model, as hub repositories hold it."""
    folder = tiny.save(tmp_path / "headed", **changes)
    if not changes:
        weights = {f"model.{name}": tensor for name, tensor in load_file(folder / "model.safetensors").items()}
        weights["lm_head.weight"] = torch.arange(257 * 32, dtype=torch.float32).view(257, 32) / 1000
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.mark.parametrize("need", ["logits", "generation"])
def test_the_head_is_loaded_where_it_is_needed(tmp_path: Path, need: str) -> None:
    folder = headed(tmp_path)
    bare, whole = loaded(folder, needs=["attention"]), loaded(folder, needs=[need])
    assert whole.weight_bytes - bare.weight_bytes == 257 * 32 * 4
    prompt = whole.language.encode("abc")
    (scores,) = whole.language.next_token([prompt], [("a",), ("b",)])
    assert scores[0] != scores[1]
    with pytest.raises(RuntimeError, match="was loaded without its output head"):
        _ = bare.language
    assert whole.attention.layers == bare.attention.layers == 2


def test_a_tied_head_takes_no_memory_of_its_own(tmp_path: Path) -> None:
    folder = headed(tmp_path, tie_word_embeddings=True)
    assert loaded(folder, needs=["logits"]).weight_bytes == loaded(folder).weight_bytes


def test_a_missing_head_is_refused_and_not_made_up(tiny_folder: Path) -> None:
    with pytest.raises(UserError, match=r"is not complete: 1 weights are missing, such as lm_head\.weight"):
        loaded(tiny_folder, needs=["generation"])


def test_the_catalogues_chat_template_is_the_one_used(tmp_path: Path) -> None:
    folder = headed(tmp_path)
    selected = find(str(folder))
    spec = selected.spec.model_copy(update={"chat_template": "{{ messages[0]['content'] }}!"})
    backbone = load(Selected(spec, selected.source), folder, device="cpu", needs=["logits"])
    prompt = backbone.language.encode(Prompt((Message("user", "hi"),)))
    assert prompt.ids == tuple(backbone.tokenizer.encode("hi!").ids)


def tokenizer_with(folder: Path, template: str | None, bos: bool) -> Any:
    fast = AutoTokenizer.from_pretrained(folder)
    fast.chat_template = template
    if bos:
        from tokenizers import processors

        fast.bos_token = "<s>"
        fast.backend_tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", fast.bos_token_id)]
        )
    return fast


@pytest.mark.parametrize(
    ("template", "bos", "prefix", "suffix"),
    [
        (None, False, "", ""),
        (TEMPLATE, False, "<|user|>", "<|end|><|assistant|>"),
        (TEMPLATE, True, "<|user|>", "<|end|><|assistant|>"),
        ("sys {{ messages[0]['content'] }} end", True, "sys ", " end"),
    ],
)
def test_markers_are_read_off_the_template(
    tiny_folder: Path, template: str | None, bos: bool, prefix: str, suffix: str
) -> None:
    """A BOS that the tokenizer adds by itself stands in the prompt once."""
    chat = chat_from_template(tokenizer_with(tiny_folder, template, bos))
    assert (chat.prefix, chat.suffix) == (prefix, suffix)


def test_layers_on_several_devices_give_the_same_attention(folder: Path) -> None:
    """Layers kept on disk are dispatched by the same hooks that move data between several GPUs."""
    from accelerate import disk_offload

    from benchmark.backbones.attention.prompt import Branch, Prompt
    from benchmark.backbones.prompt import Span

    prompt = Prompt(list(range(5, 60)), [Branch([7, 8, 9], Span(0, 3)), Branch([11, 12], Span(0, 2))])

    def read(backbone: Backbone) -> list[torch.Tensor]:
        found: list[torch.Tensor] = []
        reader = backbone.attention
        reader.read(prompt, reader.all_heads(), lambda _, values: found.append(values.clone()))
        return found

    whole = read(loaded(folder))
    spread = loaded(folder)
    disk_offload(spread._model.layers[1], folder / "offloaded", execution_device=torch.device("cpu"))
    assert next(spread._model.layers[1].parameters()).device.type == "meta"
    for ours, theirs in zip(read(spread), whole, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_weights_that_are_a_pickle_are_not_read(folder: Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match="cannot be loaded"):
        loaded(folder)
