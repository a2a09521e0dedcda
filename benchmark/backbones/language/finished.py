"""Where an answer ends that an engine hands out only when it is finished."""

from __future__ import annotations

import re
from typing import Literal

from benchmark.backbones.language.interface import Generation, Stop

_PIECES = re.compile(r"\w+|[^\w\s]|\s+")
"""About what tokens are: a word, a sign, or the space between."""


def ended(text: str, tokens: int, reason: Literal["end", "stop", "limit"], stop: Stop | None) -> Generation:
    """The answer, cut where a local engine would have stopped writing: `Stop` is asked after every word and sign.

    Args:
        text: all that was written; tokens: how many; reason: why the engine ended.
    """
    if stop is not None:
        for piece in _PIECES.finditer(text):
            if stop(text[: piece.end()]):
                return Generation(text[: piece.end()], tokens, "stop")
    return Generation(text, tokens, reason)
