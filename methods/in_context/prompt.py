"""The prompt of the ICR family (arXiv 2410.02642), as parts with roles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from benchmark.backbones.prompt import Part, Role
from benchmark.backbones.spec import Chat

Kind = Literal["ie", "qa"]

CONTENT_FREE = "N/A"
"""The calibration query."""

INSTRUCTION: dict[Kind, str] = {
    "ie": ("Please find information that are relevant to the following query in the paragraphs above."),
    "qa": ("Please answer the following question based on the information in the paragraphs above."),
}


def documents_part(chat: Chat, passages: Sequence[str]) -> list[Part]:
    """Everything before the tail: preamble, then ``[1] passage``, ``[2] passage``, ... behind separators."""
    parts = [Part(Role.PREAMBLE, f"{chat.prefix} Here are some paragraphs:")]
    for number, text in enumerate(passages, 1):
        parts += [Part(Role.SEPARATOR, chat.separator), Part(Role.DOCUMENT, f"[{number}] {text}")]
    return [*parts, Part(Role.SEPARATOR, chat.separator)]


def tail(chat: Chat, query: str, kind: Kind) -> list[Part]:
    """From the late instruction to the end of the prompt."""
    return [
        Part(Role.INSTRUCTION, INSTRUCTION[kind]),
        Part(Role.SEPARATOR, chat.separator),
        Part(Role.INSTRUCTION, "Query:"),
        Part(Role.QUERY, f" {query.strip()}"),
        Part(Role.CLOSING, chat.suffix),
    ]
