"""Where documents and tails lie in the tokens of an in-context prompt."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from benchmark.backbones.attention.prompt import Branch
from benchmark.backbones.prompt import Encode, Encoding, Part, Role, Span, TokenizedPrompt, Tokenizer, reencode
from benchmark.backbones.spec import Chat
from methods.in_context.prompt import CONTENT_FREE, Kind, documents_part, tail

Spans = Literal["exact", "official"]
"""The option: our token positions, or those of a method's official code."""

Positions = Literal["exact", "lengths", "offsets"]
"""How token positions are found.

``exact``: a token belongs to the part in which it begins. ``lengths``: lengths of texts tokenised alone, added up (ICR
and Selective-ICR at 9117e9f and 9f89706). ``offsets``: from the token that holds a part's first character to the one
that holds its last (QRHead at 7a668e7).
"""

Rows = Literal["tail", "query"]


@dataclass(frozen=True)
class Reading:
    """One prompt, ready for `AttentionReader.read`.

    Attributes:
        prefix: tokens before the tails.
        query: the tail with the query.
        content_free: the tail with the calibration query.
        documents: each document's tokens, as a range within ``prefix``.
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
    positions: Positions,
    rows: Rows = "tail",
) -> Reading:
    """Tokens and spans of an ICR prompt, documents in prompt order.

    A document's span holds its ``[i]`` marker. The tail is everything from the late instruction on.

    Args:
        tokenizer: the backbone's.
        chat: the backbone's turn markers and paragraph separator.
        passages: in prompt order, at least one.
        query: its text; white space around it is dropped, as in the official codes of ICR.
        kind: which late instruction.
        positions: how tokens are found.
        rows: which tokens of a tail are read: all, or only the query's own.
    """
    documents = documents_part(chat, passages)
    query_tail, free_tail = tail(chat, query, kind), tail(chat, CONTENT_FREE, kind)
    prompt = TokenizedPrompt([*documents, *query_tail], tokenizer.encode)
    first = len(documents)
    match positions:
        case "exact":
            located, start = prompt.spans(Role.DOCUMENT), prompt.span(first).start
        case "offsets":
            located = [_holding(prompt, index) for index in range(first) if prompt.parts[index].role is Role.DOCUMENT]
            start = _holding(prompt, first).start
        case "lengths":
            located = _added_lengths(prompt, chat.separator, tokenizer)
            start = _length_before(prompt, first, chat.separator, tokenizer)
    char = prompt.char_starts[first]
    query_tokens, free_tokens = two_tails(prompt, char, free_tail, start, tokenizer.encode)
    return Reading(
        prompt.encoding.ids[:start],
        _branch(query_tokens, query_tail, char, rows),
        _branch(free_tokens, free_tail, char, rows),
        located,
    )


def two_tails(
    prompt: TokenizedPrompt, char: int, other: Sequence[Part], start: int, encode: Encode
) -> tuple[Encoding, Encoding]:
    """The prompt's own tail and another one in its place, as tokens after the first ``start`` ones.

    Args:
        prompt: with its own tail, which begins at character ``char``; other: the parts of the other tail.
        start: number of tokens before the tails; the same tokens whichever tail follows.

    Returns:
        Encodings whose character ranges count from the beginning of the prompt.
    """
    kept, rest = reencode(prompt, char, "".join(part.text for part in other), encode)
    shared = prompt.encoding.ids[kept:start]
    if rest.ids[: len(shared)] != shared:
        raise RuntimeError("the two tails are tokenised differently before they begin; please report this tokenizer")
    return prompt.encoding.part(start, 0), rest.part(len(shared), 0)


def _branch(tokens: Encoding, parts: Sequence[Part], char: int, rows: Rows) -> Branch:
    """The tokens of a tail that begins at ``char``, with the rows that are read."""
    if rows == "tail":
        return Branch(tokens.ids, Span(0, len(tokens)))
    before = [part.role for part in parts].index(Role.QUERY)
    begin = char + sum(len(part.text) for part in parts[:before])
    return Branch(tokens.ids, Span(tokens.first_at(begin), tokens.first_at(begin + len(parts[before].text))))


def _holding(prompt: TokenizedPrompt, index: int) -> Span:
    """From the token that holds the part's first character to the one that holds its last."""
    ends = prompt.encoding.ends
    first, last = prompt.char_starts[index], prompt.char_starts[index + 1] - 1
    return Span(bisect_right(ends, first), bisect_right(ends, last) + 1)


def _added_lengths(prompt: TokenizedPrompt, separator: str, tokenizer: Tokenizer) -> list[Span]:
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


def _length_before(prompt: TokenizedPrompt, first_of_tail: int, separator: str, tokenizer: Tokenizer) -> int:
    text = "".join(part.text for part in prompt.parts[first_of_tail:])
    return len(prompt) - (len(tokenizer.encode(separator + text)) - len(tokenizer.encode(separator)))
