"""The prompt of CoRe and where documents and query lie in it (linhhtran/CoRe-Reranking @ 4d62a246)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from benchmark.backbones.attention.prompt import Branch
from benchmark.backbones.prompt import (
    Encode,
    Encoding,
    Part,
    Role,
    Span,
    TokenizedPrompt,
    Tokenizer,
    growing_length,
    reencode,
)
from benchmark.backbones.spec import Chat
from methods.base import Candidate
from methods.in_context.layout import Order, laid_out
from methods.in_context.prompt import CONTENT_FREE, INSTRUCTION
from methods.in_context.reading import Reading, Spans, two_tails

if TYPE_CHECKING:
    from benchmark.backbones.backbone import Backbone


@dataclass(frozen=True)
class CoreLayout:
    """The prompt of CoRe.

    Attributes:
        order, words, spans: as in `PromptOptions`.
        detection: official positions of the detection, where a document's span is a token shorter than in re-ranking.
    """

    order: Order
    words: int
    spans: Spans
    detection: bool = False

    def describe(self) -> dict[str, Any]:
        """What the prompt and its spans depend on besides query and candidates."""
        return {"prompt": "core", **asdict(self)}

    def read(self, backbone: Backbone, query: str, candidates: Sequence[Candidate]) -> Reading:
        """See `IcrLayout.read`; a document's ``[document i]`` marker is not part of its span."""

        def reading(passages: Sequence[str]) -> Reading:
            return core_reading(
                backbone.tokenizer, backbone.chat, passages, query, self.spans, 0 if self.detection else 1
            )

        return laid_out(candidates, self.order, self.words, reading)


def core_reading(
    tokenizer: Tokenizer, chat: Chat, passages: Sequence[str], query: str, spans: Spans, extra: int
) -> Reading:
    """Tokens and spans of a CoRe prompt, documents in prompt order.

    Rows are instruction and query. ``exact``: nothing else. ``official``: every position is the number of tokens that
    the prompt up to there has when it is tokenised alone, and the first token after the query is a row too.

    Args:
        passages: in prompt order, at least one.
        query: its text; white space around it is dropped, as in the official code.
        extra: tokens that an official document span has beyond its end.
    """
    documents = [Part(Role.PREAMBLE, f"{chat.prefix} Here are some paragraphs:\n\n")]
    for number, text in enumerate(passages, 1):
        documents += [
            Part(Role.MARKER, f"[document {number}]"),
            Part(Role.DOCUMENT, f" {text}"),
            Part(Role.SEPARATOR, "\n\n"),
        ]
    tail, free = _tail(chat, query), _tail(chat, CONTENT_FREE)
    encode = tokenizer.encode
    prompt = TokenizedPrompt([*documents, *tail], encode)
    first = len(documents)
    char = prompt.char_starts[first]
    if spans == "exact":
        start, located = prompt.span(first).start, prompt.spans(Role.DOCUMENT)
    else:
        late = _late(chat)
        start = growing_length(prompt, char, encode)
        located = [
            Span(
                growing_length(prompt, prompt.char_starts[index], encode),
                growing_length(prompt, prompt.char_starts[index + 1], encode) - late + extra,
            )
            for index in range(first)
            if prompt.parts[index].role is Role.DOCUMENT
        ]
    tokens = two_tails(prompt, char, free, start, encode)
    branches = []
    for parts, encoding in zip((tail, free), tokens, strict=True):
        end = char + sum(len(part.text) for part in parts[:-1])
        if spans == "exact":
            rows = encoding.first_at(end)
        else:
            text = "".join(part.text for part in parts[:-1])
            rows = _length_with(prompt, char, text, encode) - _late(chat) + 1 - start
        branches.append(_read_all(encoding, rows))
    return Reading(prompt.encoding.ids[:start], branches[0], branches[1], located)


def _tail(chat: Chat, query: str) -> list[Part]:
    return [
        Part(Role.INSTRUCTION, f"{INSTRUCTION['ie']}\n\nQuery: "),
        Part(Role.QUERY, query.strip()),
        Part(Role.CLOSING, chat.suffix),
    ]


def _late(chat: Chat) -> int:
    """The official code takes one token off the ends it measures for Mistral's prompt."""
    return int(chat.prefix.strip() == "[INST]")


def _length_with(prompt: TokenizedPrompt, char: int, ending: str, encode: Encode) -> int:
    """Tokens of the prompt's first ``char`` characters followed by ``ending``."""
    kept, rest = reencode(prompt, char, ending, encode)
    return kept + len(rest)


def _read_all(encoding: Encoding, rows: int) -> Branch:
    """The first ``rows`` tokens, all of them read; what comes after them is seen by none and left out."""
    return Branch(encoding.ids[:rows], Span(0, min(rows, len(encoding))))
