"""Heads as text: ``layer-head``, both counted from 0, such as ``10-0,12-4``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

Head = tuple[int, int]
"""Layer and head."""

_LIST = re.compile(r"\s*\d+-\d+\s*(,\s*\d+-\d+\s*)*")


def is_list(text: str) -> bool:
    """Whether the text names heads one by one."""
    return _LIST.fullmatch(text) is not None


def parse_heads(text: str) -> list[Head]:
    """Heads in the order of the text; ValueError for anything else than a list, and for a head named twice."""
    if not is_list(text):
        raise ValueError(f"'{text}' is not a list of heads such as 10-0,12-4")
    heads = [(int(layer), int(head)) for layer, head in (item.split("-") for item in text.split(","))]
    twice = [format_heads([head]) for head, count in Counter(heads).items() if count > 1]
    if twice:
        raise ValueError(f"head {', '.join(twice)} is named more than once")
    return heads


def format_heads(heads: Iterable[Head]) -> str:
    """The text that `parse_heads` reads."""
    return ",".join(f"{layer}-{head}" for layer, head in heads)


def by_layer(heads: Sequence[Head]) -> dict[int, list[int]]:
    """Heads as the attention reader wants them: by layer, ascending."""
    layers: dict[int, list[int]] = {}
    for layer, head in sorted(heads):
        layers.setdefault(layer, []).append(head)
    return layers
