"""A language model that answers from a script, and says what it was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import Generation, Prompt
from methods.base import Candidate

CANDIDATES = [
    Candidate("a", "Copper pans should be dried at once, or spots of lime remain on them."),
    Candidate("b", "The river flows through ten countries and ends in the Black Sea.", title="Danube"),
    Candidate("c", "Sourdough needs a warm place; at 26 degrees it doubles in five hours."),
]
QUERY = "How many countries does the Danube cross?"


def writing(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch, answer: Callable[[Prompt], str], reason: Any = "limit"
) -> list[list[Prompt]]:
    """Answers are what the function makes of a prompt; returns the prompts of each call."""
    calls: list[list[Prompt]] = []

    def generate(prompts: Any, limit: int, **_: Any) -> list[Generation]:
        calls.append([encoded.prompt for encoded in prompts])
        return [Generation(answer(encoded.prompt), limit, reason) for encoded in prompts]

    monkeypatch.setattr(backbone.language, "generate", generate)
    return calls


def asked(prompt: Prompt) -> str:
    """The user's turn."""
    return prompt.messages[-1].content
