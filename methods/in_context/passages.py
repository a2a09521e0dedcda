"""Candidate to prompt text."""

from __future__ import annotations

from methods.base import Candidate


def passage(candidate: Candidate, words: int) -> str:
    """Title, if any, on a line of its own, then the text cut to its first ``words`` space-separated words.

    Args:
        candidate: the document.
        words: most words of the text, 0 for all; the title is never cut.
    """
    text = " ".join(candidate.text.split(" ")[:words]) if words else candidate.text
    return f"{candidate.title}\n{text}" if candidate.title else text
