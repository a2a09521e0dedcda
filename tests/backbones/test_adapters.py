"""LoRA adapters become whole models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

from benchmark.backbones import sources
from benchmark.backbones.catalogue import Selected, entries, find
from benchmark.backbones.spec import AdapterSource, BackboneSpec, LocalSource
from benchmark.errors import UserError
from benchmark.harness.requests import backbone_request
from tests.support.command import command


@pytest.fixture
def adapter(tmp_path: Path, tiny_talker: Path) -> Path:
    """An adapter of the tiny model that changes its answers."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(tiny_talker)
    config = LoraConfig(r=2, lora_alpha=8, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    get_peft_model(model, config).save_pretrained(str(tmp_path / "adapter"))
    return tmp_path / "adapter"


def selected(adapter: Path, base: Path) -> Selected:
    source = AdapterSource(
        kind="adapter",
        adapter=LocalSource(kind="local", path=str(adapter)),
        base=LocalSource(kind="local", path=str(base)),
    )
    return Selected(BackboneSpec(name="owner/tuned", title="Tuned", dtype="float32", sources=(source,)), source)


def rewritten(adapter: Path, **changes: object) -> None:
    path = adapter / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_the_merged_model_answers_as_base_and_adapter_together(cache: Path, tiny_talker: Path, adapter: Path) -> None:
    tuned = selected(adapter, tiny_talker)
    folder = sources.prepare(tuned)
    assert folder is not None
    tokens = torch.arange(5, 15)[None]
    with torch.no_grad():
        base = AutoModelForCausalLM.from_pretrained(tiny_talker)
        before = base(tokens).logits
        expected = PeftModel.from_pretrained(base, adapter)(tokens).logits
        found = AutoModelForCausalLM.from_pretrained(folder)(tokens).logits
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(found, before, atol=1e-3)


def test_it_is_merged_once_and_known_by_both_parts(cache: Path, tiny_talker: Path, adapter: Path) -> None:
    tuned, said = selected(adapter, tiny_talker), list[str]()
    folder = sources.prepare(tuned, report=said.append)
    assert sources.prepare(tuned, report=said.append) == folder
    assert said == [f"owner/tuned: merging the adapter into {tiny_talker.name}, once"]
    request = backbone_request(tuned, folder, None)
    assert request.location == f"adapter on {tiny_talker.name}"
    assert [len(part) for part in request.revision.split("+")] == [64, 64]

    rewritten(adapter, lora_alpha=4)
    other = sources.prepare(tuned)
    assert other != folder
    assert backbone_request(tuned, other, None).revision != request.revision


def test_an_adapter_of_another_model_or_kind_is_refused(cache: Path, tiny_talker: Path, adapter: Path) -> None:
    rewritten(adapter, base_model_name_or_path="Qwen/Other", peft_type="IA3")
    with pytest.raises(UserError) as caught:
        sources.prepare(selected(adapter, tiny_talker))
    kind, base = caught.value.problems
    assert "an adapter of type IA3; only LORA can be merged" in kind
    assert f"was trained on 'Qwen/Other', the entry's base is '{tiny_talker.name}'" in base
    assert not list((cache / "backbones").glob("owner*"))


@pytest.mark.parametrize(("text", "reason"), [(None, "missing"), ("{", "not readable"), ("{}", "not readable")])
def test_what_is_no_adapter_is_named(
    cache: Path, tiny_talker: Path, adapter: Path, text: str | None, reason: str
) -> None:
    path = adapter / "adapter_config.json"
    path.unlink()
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=rf"^{path}: {reason}"):
        sources.prepare(selected(adapter, tiny_talker))


@pytest.mark.slow
def test_an_entry_with_an_adapter_runs_from_the_command_line(
    cache: Path, tmp_path: Path, tiny_talker: Path, adapter: Path, small: Path
) -> None:
    entry = tmp_path / "tuned.yaml"
    entry.write_text(selected(adapter, tiny_talker).spec.model_dump_json(exclude_none=True))
    options = ("--method", "setwise:likelihood", "--backbone", entry, "--collection", small, "--depth", "3")
    result = command("run", "demo", *options, "--results", tmp_path / "results")
    assert result.status == 0, result.err
    (request,) = (tmp_path / "results").glob("*/request.json")
    assert json.loads(request.read_text())["backbone"]["source"] == "adapter"


def test_catalogued_adapters_name_the_model_they_were_trained_on() -> None:
    spec = entries()["rank-r1-7b"]
    source = spec.source("adapter")
    assert isinstance(source, AdapterSource)
    base = find("qwen2.5-7b-instruct").spec.source("hub")
    assert source.base == base
