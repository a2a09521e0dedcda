"""The baseline leaves the order alone."""

from __future__ import annotations

from methods.base import Candidate
from methods.registry import find


def test_scores_fall_by_one_whatever_the_first_stage_said() -> None:
    plugin = find("first-stage")
    candidates = [Candidate(str(number), "same text", score=float(number)) for number in range(4)]
    assert plugin.method_class(plugin.options(), None).rerank("any", candidates) == [4.0, 3.0, 2.0, 1.0]
