"""The identity: candidates stay in first-stage order."""

from __future__ import annotations

from collections.abc import Sequence

from methods.base import Candidate, Method, Options


class FirstStage(Method[Options]):
    """Scores n, n-1, ..., 1: what every other method is compared with."""

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """See `Method.rerank`."""
        del query
        return [float(len(candidates) - rank) for rank in range(len(candidates))]
