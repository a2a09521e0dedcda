"""English text to terms as Lucene's EnglishAnalyzer does it: words, possessives, stop words, Porter's stems."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "for",
        "if",
        "in",
        "into",
        "is",
        "it",
        "no",
        "not",
        "of",
        "on",
        "or",
        "such",
        "that",
        "the",
        "their",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "was",
        "will",
        "with",
    ]
)
"""Lucene's for English (EnglishAnalyzer.ENGLISH_STOP_WORDS_SET)."""

_WORD = re.compile(
    r"""
    [\w]+                 # letters, digits, underscores
    (?:
        (?<=[^\W\d_])['’.·:](?=[^\W\d_])[\w]+   # one mark between two letters (WB6, WB7): can't, u.s
      | (?<=\d)[.,;'’](?=\d)[\w]+               # one mark between two digits (WB11, WB12): 3.14, 1,000
    )*
    """,
    re.VERBOSE,
)
"""Words by the rules of Unicode's text segmentation (UAX 29), which Lucene's StandardTokenizer follows, for text in
scripts that put spaces between words."""

LONGEST = 255
"""Characters of a token; StandardTokenizer cuts longer ones into pieces."""


def analyser() -> Callable[[str], list[str]]:
    """A function from text to terms; it remembers stems, so make one for a whole corpus."""
    import Stemmer

    stemmer: Any = Stemmer.Stemmer("porter")
    stems: dict[str, str] = {}

    def stem(word: str) -> str:
        found = stems.get(word)
        if found is None:
            found = stems[word] = stemmer.stemWord(word)
        return found

    return lambda text: [stem(word) for word in words(text)]


def words(text: str) -> list[str]:
    """Lower-case words without possessive endings and stop words."""
    found = []
    for match in _WORD.finditer(text):
        for word in _pieces(match.group()):
            bare = without_possessive(word).lower()
            if bare and bare not in STOP_WORDS:
                found.append(bare)
    return found


def without_possessive(word: str) -> str:
    """Without a final ``'s`` (straight, curly or full-width apostrophe), as EnglishPossessiveFilter."""
    if len(word) >= 2 and word[-1] in "sS" and word[-2] in "'’＇":
        return word[:-2]
    return word


def _pieces(word: str) -> list[str]:
    return [word[at : at + LONGEST] for at in range(0, len(word), LONGEST)]
