"""The texts of single tokens, and the tokens of a text that goes on from another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from benchmark.backbones.language.interface import Answer
from benchmark.errors import UserError

_ANCHORS = ("x", ":", "\n")
"""Texts to stand in front, so that a tokenizer does not treat what follows as the start of a text."""


class Vocabulary:
    """A tokenizer's tokens by their text.

    Args:
        backend: the Rust tokenizer of a fast tokenizer; name: of its backbone, for messages.
    """

    def __init__(self, backend: Any, name: str) -> None:
        self._backend = backend
        self._name = name

    @cached_property
    def by_text(self) -> dict[str, list[int]]:
        """Ids of every token by the text it adds in the middle of a text, leading space included."""
        anchor = self.fragment("x")
        ids = sorted(self._backend.get_vocab(with_added_tokens=True).values())
        before = self._backend.decode(anchor)
        found: dict[str, list[int]] = defaultdict(list)
        for number, text in zip(ids, self._backend.decode_batch([[*anchor, number] for number in ids]), strict=True):
            found[text.removeprefix(before)].append(number)
        return found

    def fragment(self, text: str) -> list[int]:
        """Ids of a text that goes on from another one.

        Raises:
            UserError: the tokenizer merges its beginning with whatever stands before it.
        """
        for anchor in _ANCHORS:
            encoded = self._backend.encode(anchor + text, add_special_tokens=False)
            first = next((place for place, (_, end) in enumerate(encoded.offsets) if end > len(anchor)), None)
            if first is not None and first > 0 and encoded.offsets[first][0] >= len(anchor):
                ids: list[int] = encoded.ids[first:]
                return ids
        raise UserError(f"Backbone '{self._name}': its tokenizer does not keep '{text}' apart from what precedes it.")

    def answers(self, answers: Sequence[Answer]) -> list[list[int]]:
        """Ids of each answer's texts.

        Raises:
            UserError: naming answers none of whose texts is a single token, and tokens that two answers share.
        """
        found = [[number for text in answer for number in self.by_text.get(text, [])] for answer in answers]
        absent = [answer[0] for answer, ids in zip(answers, found, strict=True) if not ids]
        if absent:
            raise UserError(
                f"Backbone '{self._name}': its tokenizer has no single token for {', '.join(map(repr, absent[:10]))}"
                f"{' and others' if len(absent) > 10 else ''}. Use other identifiers, a smaller window, or another "
                "backbone."
            )
        if len({number for ids in found for number in ids}) < sum(len(set(ids)) for ids in found):
            raise UserError(f"Backbone '{self._name}': two of the answers {answers} share a token.")
        return [sorted(set(ids)) for ids in found]
