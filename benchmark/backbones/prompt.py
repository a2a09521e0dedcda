"""A prompt made of parts with roles, its tokens, and which tokens belong to which part."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from benchmark.errors import UserError

Encode = Callable[[str], "Encoding"]


class Role(StrEnum):
    """What a part of a prompt is for."""

    PREAMBLE = "preamble"
    SEPARATOR = "separator"
    MARKER = "marker"
    DOCUMENT = "document"
    INSTRUCTION = "instruction"
    QUERY = "query"
    CLOSING = "closing"


@dataclass(frozen=True)
class Part:
    """A piece of prompt text with one role."""

    role: Role
    text: str


@dataclass(frozen=True)
class Encoding:
    """Token ids with the half-open character range of each.

    Attributes:
        ids: length n.
        starts, ends: length n, characters; both non-decreasing apart from special tokens of width zero at the start.
    """

    ids: list[int]
    starts: list[int]
    ends: list[int]

    def __len__(self) -> int:
        return len(self.ids)

    def first_at(self, char: int) -> int:
        """Index of the first token that starts at ``char`` or later; ``len(self)`` if none does."""
        return bisect_left(self.starts, char)

    def part(self, token: int, char: int) -> Encoding:
        """The tokens from ``token`` on, with ``char`` added to their ranges."""
        return Encoding(
            self.ids[token:], [start + char for start in self.starts[token:]], [end + char for end in self.ends[token:]]
        )


@dataclass(frozen=True)
class Span:
    """Half-open token range."""

    start: int
    stop: int

    def __len__(self) -> int:
        return max(0, self.stop - self.start)


class Tokenizer:
    """The tokenizer of a backbone, seen as text to tokens with character ranges.

    Args:
        fast: a fast tokenizer of transformers; its own special tokens (BOS) are added as it does by default.

    Raises:
        UserError: the tokenizer is not a fast one, so it knows no offsets.
    """

    def __init__(self, fast: Any) -> None:
        if not getattr(fast, "is_fast", False):
            raise UserError(
                f"Tokenizer {type(fast).__name__} gives no character offsets. "
                "Convert the model's tokenizer to a tokenizer.json (fast tokenizer)."
            )
        self.fast = fast
        self.timed: Callable[[], AbstractContextManager[None]] = nullcontext
        """Entered around each tokenisation; a backbone sets it to count the seconds."""

    def encode(self, text: str, *, special: bool = True) -> Encoding:
        """Tokenise ``text`` once.

        Args:
            text: what to tokenise; special: add the tokenizer's own special tokens, such as BOS.
        """
        # The backend is called directly: the wrapper warns about lengths and builds tensors nobody reads.
        with self.timed():
            encoded = self.fast.backend_tokenizer.encode(text, add_special_tokens=special)
            offsets = encoded.offsets
            return Encoding(encoded.ids, [start for start, _ in offsets], [end for _, end in offsets])


class TokenizedPrompt:
    """A prompt's parts, its text and its tokens from one tokenisation.

    A token belongs to the part in which its first character lies, so spans of neighbouring parts never overlap and
    a token that bridges two parts counts for the first.

    Args:
        parts: in prompt order; their texts are joined without anything between them.
        encode: text to tokens, called once.
    """

    def __init__(self, parts: Sequence[Part], encode: Encode) -> None:
        self.parts = tuple(parts)
        self.char_starts = [0]
        for part in self.parts:
            self.char_starts.append(self.char_starts[-1] + len(part.text))
        self.text = "".join(part.text for part in self.parts)
        self.encoding = encode(self.text)

    def __len__(self) -> int:
        return len(self.encoding)

    def span(self, index: int) -> Span:
        """Token span of part ``index``."""
        return Span(
            self.encoding.first_at(self.char_starts[index]),
            self.encoding.first_at(self.char_starts[index + 1]),
        )

    def spans(self, role: Role) -> list[Span]:
        """Token spans of every part with ``role``, in prompt order."""
        return [self.span(index) for index, part in enumerate(self.parts) if part.role is role]

    def index(self, role: Role) -> int:
        """Index of the first part with ``role``; ValueError if there is none."""
        return [part.role for part in self.parts].index(role)


_WORD_START = re.compile(r"(?<=[A-Za-z0-9.,;]) (?=[A-Za-z])")
_WINDOW = 200


def reencode(prompt: TokenizedPrompt, char: int, ending: str, encode: Encode) -> tuple[int, Encoding]:
    """Tokens of the prompt's first ``char`` characters followed by ``ending``, without tokenising them all again.

    Only a window from a word start shortly before ``char`` is tokenised. The window begins at one word start and is
    trusted from the next one on, so that what a tokenizer does at the very start of a text (BOS, a dummy space)
    does not matter. Where there are no such words near, the whole text is tokenised.

    Returns:
        ``(kept, rest)``: the first ``kept`` tokens of the prompt, then those of ``rest``; its character ranges count
        from the beginning of the whole text.
    """
    text = prompt.text
    cuts = [match.start() for match in _WORD_START.finditer(text, max(0, char - _WINDOW), char)]
    if len(cuts) >= 2:
        start, sync = cuts[0], cuts[1]
        window = encode(text[start:char] + ending)
        kept = prompt.encoding.first_at(sync)
        skipped = window.first_at(sync - start)
        if kept < len(prompt.encoding) and skipped < len(window):
            lag = prompt.encoding.starts[kept] - sync
            if lag <= 1 and window.starts[skipped] - (sync - start) == lag:
                return kept, window.part(skipped, start)
    return 0, encode(text[:char] + ending)


def growing_length(prompt: TokenizedPrompt, char: int, encode: Encode) -> int:
    """Number of tokens that the prompt's first ``char`` characters give when tokenised alone.

    The official codes measure positions by tokenising the whole prompt up to there, again for every document; this
    gives the same number at a cost that does not grow with the prompt.
    """
    kept, rest = reencode(prompt, char, "", encode)
    return kept + len(rest)
