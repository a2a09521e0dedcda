"""Where documents and tails lie in the tokens of an in-context prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from benchmark.backbones.attention import Branch
from benchmark.backbones.prompt import Encoding, Part, Role, Span, TokenizedPrompt, Tokenizer, reencode
from benchmark.backbones.spec import Chat
from methods.in_context.prompt import CONTENT_FREE, Kind, documents_part, tail

Spans = Literal["exact", "official"]
Rows = Literal["tail", "query"]


@dataclass(frozen=True)
class Reading:
    """One prompt, ready for `AttentionReader.read`.

    Attributes:
        prefix: tokens before the tails.
        query: the tail with the query.
        content_free: the tail with the calibration query.
        documents: each document's tokens, as a range within ``prefix``, in prompt order.
    """

    prefix: list[int]
    query: Branch
    content_free: Branch
    documents: list[Span]


def icr_reading(
    tokenizer: Tokenizer,
    chat: Chat,
    passages: Sequence[str],
    query: str,
    kind: Kind,
    spans: Spans,
    rows: Rows = "tail",
) -> Reading:
    """Tokens and spans of an ICR prompt.

    A document's span holds its ``[i]`` marker. The tail is everything from the late instruction on.

    Args:
        tokenizer: the backbone's.
        chat: the backbone's turn markers and paragraph separator.
        passages: in prompt order, at least one.
        query: its text; white space around it is dropped, as in the official code.
        kind: which late instruction.
        spans: ``exact``, or ``official``: where the official code (9117e9f) finds them.
        rows: which tokens of a tail are read: all, or only the query's own.
    """
    documents = documents_part(chat, passages)
    query_tail, free_tail = tail(chat, query, kind), tail(chat, CONTENT_FREE, kind)
    prompt = TokenizedPrompt([*documents, *query_tail], tokenizer.encode)
    first_of_tail = len(documents)
    if spans == "exact":
        located = prompt.spans(Role.DOCUMENT)
        start = prompt.span(first_of_tail).start
    else:
        located = _official_spans(prompt, chat.separator, tokenizer)
        start = _official_start(prompt, first_of_tail, chat.separator, tokenizer)
    char = prompt.char_starts[first_of_tail]
    other = "".join(part.text for part in free_tail)
    kept, rest = reencode(prompt, char, other, tokenizer.encode)
    shared = prompt.encoding.ids[kept:start]
    if rest.ids[: len(shared)] != shared:
        raise RuntimeError("the two tails are tokenised differently before they begin; please report this tokenizer")
    return Reading(
        prompt.encoding.ids[:start],
        _branch(prompt.encoding.part(start, 0), query_tail, char, rows),
        _branch(rest.part(len(shared), 0), free_tail, char, rows),
        located,
    )


def _branch(tokens: Encoding, parts: Sequence[Part], char: int, rows: Rows) -> Branch:
    """The tokens of a tail that begins at ``char``, with the rows that are read."""
    if rows == "tail":
        return Branch(tokens.ids, Span(0, len(tokens)))
    before = [part.role for part in parts].index(Role.QUERY)
    begin = char + sum(len(part.text) for part in parts[:before])
    return Branch(tokens.ids, Span(tokens.first_at(begin), tokens.first_at(begin + len(parts[before].text))))


def _official_spans(prompt: TokenizedPrompt, separator: str, tokenizer: Tokenizer) -> list[Span]:
    """Ends are exact; starts are ends minus lengths measured on separator and document alone.

    Where the separator alone has another number of tokens than in context, spans begin early or late by the
    difference.
    """
    alone = len(tokenizer.encode(separator))
    spans = []
    for index, part in enumerate(prompt.parts):
        if part.role is Role.DOCUMENT:
            stop = prompt.span(index).stop
            spans.append(Span(stop - (len(tokenizer.encode(separator + part.text)) - alone), stop))
    return spans


def _official_start(prompt: TokenizedPrompt, first_of_tail: int, separator: str, tokenizer: Tokenizer) -> int:
    text = "".join(part.text for part in prompt.parts[first_of_tail:])
    return len(prompt) - (len(tokenizer.encode(separator + text)) - len(tokenizer.encode(separator)))
