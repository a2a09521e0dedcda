"""A language model made of parts, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import Encoded
from benchmark.backbones.language.local import LocalLanguageModel
from benchmark.backbones.prompt import Tokenizer
from benchmark.backbones.spec import Chat
from tests.backbones.tiny_models import build
from tests.backbones.tiny_tokenizers import byte_level
from tests.support.templates import CHATML


def tokenizer(template: str | None = CHATML, bos: bool = True) -> Tokenizer:
    made = byte_level(bos)
    made.fast.chat_template = template
    if bos:
        made.fast.bos_token = "<s>"
    return made


def backbone(kind: str = "llama", context: int = 512, text: Tokenizer | None = None, **changes: Any) -> Backbone:
    model = build(kind, head=True, **{"vocab_size": 500} | changes)
    return Backbone("tiny", model, text or tokenizer(), Chat(prefix="", suffix="", separator="\n"), context, 0)


def language(kind: str = "llama", **options: Any) -> LocalLanguageModel:
    made = backbone(kind, **options).language
    assert isinstance(made, LocalLanguageModel)
    return made


def encoded(ids: Sequence[int], start: int | None = None) -> Encoded:
    return Encoded("", "", tuple(ids), len(ids) if start is None else start)
