"""Rules that silently change numbers elsewhere: here they are data, versioned, and part of a result's identity."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from benchmark.schema import Strict

if TYPE_CHECKING:
    from benchmark.collections.base import Hit


class Rules(Strict):
    """What is done to a collection's topics and candidates before anything is ranked.

    The same for all collections: titles are kept apart from texts, and each method says how it shows them; a document
    without a judgement counts as not relevant; topics without any judgement are not evaluated.
    """

    version: int = 1
    """Raised when a rule changes its meaning."""
    drop_own_id: bool = False
    """A candidate whose id is the topic's own is removed (ArguAna, Quora: the query is itself a document)."""
    drop_excluded: bool = False
    """Documents that the collection excludes for a topic are removed (BRIGHT's ``excluded_ids``)."""

    def applied(
        self, hits: Mapping[str, Sequence[Hit]], excluded: Mapping[str, Collection[str]]
    ) -> dict[str, list[Hit]]:
        """Candidates that remain, in order; a list may become shorter, and is cut to the depth afterwards.

        Args:
            hits: by qid, best first; excluded: docids by qid, used where ``drop_excluded`` says so.
        """
        left_out = excluded if self.drop_excluded else {}
        return {
            qid: [
                hit
                for hit in found
                if hit.docid not in left_out.get(qid, ()) and not (self.drop_own_id and hit.docid == qid)
            ]
            for qid, found in hits.items()
        }

    def in_words(self) -> str:
        """For a page."""
        said = []
        if self.drop_own_id:
            said.append("candidates with the topic's own id removed")
        if self.drop_excluded:
            said.append("documents the collection excludes for a topic removed")
        return f"{', '.join(said) or 'none'} (version {self.version})"


NO_RULES = Rules()
"""Nothing is removed."""
