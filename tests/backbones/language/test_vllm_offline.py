"""The engine of vLLM, against a stand-in for its package: the calls, and the same numbers as the local engine's."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.catalogue import find
from benchmark.backbones.language import Message, Prompt
from benchmark.backbones.loader import load
from benchmark.backbones.sources import prepare
from benchmark.backbones.spec import HubSource, VllmSource
from benchmark.errors import QueryError, UserError
from benchmark.harness.requests import backbone_request
from methods.base import Candidate
from methods.first.method import First, FirstOptions
from tests.support import vllm_stand_in
from tests.support.vllm_stand_in import LLM

PROMPTS = [Prompt((Message("user", text),)) for text in ("Which river?", "And which of them is the longest?")]
LETTERS = [("A", " A"), ("B", " B"), ("?",)]


@pytest.fixture
def entry(tmp_path: Path, tiny_talker: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(sys.modules, "vllm", vllm_stand_in.module())
    return write(tmp_path / "fast.yaml", tiny_talker)


def write(path: Path, weights: Path, **options: Any) -> Path:
    source = {"kind": "vllm", "weights": {"kind": "local", "path": str(weights)}, "options": options}
    path.write_text(yaml.safe_dump({"name": "fast", "title": "Fast", "dtype": "float32", "sources": [source]}))
    return path


def loaded(entry: Path) -> Backbone:
    selected = find(str(entry))
    return load(selected, prepare(selected), needs=["logits"], device="cpu")


@pytest.fixture
def both(entry: Path, tiny_talker: Path) -> tuple[Backbone, Backbone]:
    selected = find(str(tiny_talker))
    return load(selected, prepare(selected), needs=["logits"], device="cpu"), loaded(entry)


def test_numbers_and_texts_are_the_local_engines(both: tuple[Backbone, Backbone]) -> None:
    local, remote = (backbone.language for backbone in both)
    prompts = [local.encode(prompt) for prompt in PROMPTS]
    assert [remote.encode(prompt).ids for prompt in PROMPTS] == [prompt.ids for prompt in prompts]
    for over in ("answers", "vocabulary"):
        expected = local.next_token(prompts, LETTERS, over)
        for found, values in zip(remote.next_token(prompts, LETTERS, over), expected, strict=True):
            assert found == pytest.approx(values, abs=1e-4)
    continued = [local.encode(prompt, "The Danube.") for prompt in PROMPTS]
    assert remote.likelihood(continued) == pytest.approx(local.likelihood(continued), abs=1e-3)
    assert remote.generate(prompts, 8) == local.generate(prompts, 8)
    (stopped, _) = remote.generate(prompts, 8, stop=lambda text: len(text) >= 3)
    assert stopped.reason == "stop"


def test_first_ranks_as_it_does_locally(both: tuple[Backbone, Backbone]) -> None:
    candidates = [Candidate(str(number), f"text number {number}") for number in range(3)]
    one, other = (First(FirstOptions(window=3, stride=1), backbone) for backbone in both)
    other.ready()
    assert other.rerank("q", candidates) == pytest.approx(one.rerank("q", candidates), abs=1e-4)


def test_deterministic_settings_are_given_and_recorded(tmp_path: Path, entry: Path, tiny_talker: Path) -> None:
    write(entry, tiny_talker, tensor_parallel_size=2)
    backbone = loaded(entry)
    settings = {"seed": 0, "logprobs_mode": "processed_logprobs", "max_logprobs": -1, "tensor_parallel_size": 2}
    assert LLM.made.arguments == {"model": str(tiny_talker), "dtype": "float32"} | settings
    assert os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0"
    backbone.language.generate([backbone.language.encode(PROMPTS[0])], 2)
    assert (LLM.made.seen[0].seed, LLM.made.seen[0].temperature) == (0, 0.0)
    selected = find(str(entry))
    request = backbone_request(selected, tiny_talker, None)
    assert (request.source, request.attention) == ("vllm", None)
    local = backbone_request(find(str(tiny_talker)), tiny_talker, None)
    assert (request.location, request.revision, local.settings) == (local.location, local.revision, None)
    assert request.settings == settings | {
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "temperature": 0,
        "context_length": None,
        "chat_template": None,
    }
    assert "settings" not in local.model_dump(), "identities from before there were such engines stay"
    assert backbone.revision == local.revision


def test_costs_are_counted(entry: Path) -> None:
    backbone = loaded(entry)
    prompts = [backbone.language.encode(prompt) for prompt in PROMPTS]
    backbone.language.generate(prompts, 5)
    cost = backbone.meter.total
    assert (cost.forward_passes, cost.completion_tokens) == (2, 10)
    assert cost.prompt_tokens == sum(map(len, prompts))
    assert {"tokenise", "decode"} == set(cost.seconds)
    assert (backbone.device, backbone.dtype, backbone.weight_bytes) == ("cuda", "float32", None)


def test_what_it_cannot_do_is_refused(entry: Path, tiny_talker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = loaded(entry)
    language = backbone.language
    with pytest.raises(UserError, match="needs: constraint"):
        language.require("constraint")
    with pytest.raises(UserError, match="cannot give: constraint"):
        language.generate([language.encode(PROMPTS[0])], 3, constraint=lambda ids: None)
    with pytest.raises(QueryError, match="more than the context of 2048"):
        language.generate([language.encode("a" * 2048)], 3)
    with pytest.raises(UserError, match="tells no attention"):
        _ = backbone.attention
    selected = find(str(entry))
    with pytest.raises(UserError, match="is run by vLLM, which gives logits and generation only, and attention is"):
        load(selected, tiny_talker, needs=["attention"])
    write(entry, tiny_talker, quantization="unknown")
    with pytest.raises(UserError, match=r"cannot be loaded by vLLM: Unknown quantization method: unknown$"):
        loaded(entry)
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(UserError, match=r"not installed: pip install 'rerankbench\[vllm\]'"):
        loaded(entry)


def test_a_catalogue_entry_can_be_run_by_vllm() -> None:
    selected = find("qwen3-8b@vllm")
    hub = find("qwen3-8b").source
    assert isinstance(hub, HubSource)
    assert selected.source == VllmSource(kind="vllm", weights=hub)
    assert selected.name == "qwen3-8b@vllm"
