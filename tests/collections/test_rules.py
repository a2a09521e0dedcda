"""Rules remove candidates, and say so."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.collections.base import FirstStage, Hit
from benchmark.collections.rules import NO_RULES, Rules
from benchmark.hashing import sha256_file

HITS = {"q1": [Hit("a", 3.0), Hit("q1", 2.0), Hit("b", 1.0)], "q2": [Hit("a", 1.0)]}
EXCLUDED = {"q1": frozenset({"a"}), "q9": frozenset({"b"})}


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        (NO_RULES, ["a", "q1", "b"]),
        (Rules(drop_own_id=True), ["a", "b"]),
        (Rules(drop_excluded=True), ["q1", "b"]),
        (Rules(drop_own_id=True, drop_excluded=True), ["b"]),
    ],
)
def test_what_is_left(rules: Rules, left: list[str]) -> None:
    found = rules.applied(HITS, EXCLUDED)
    assert [hit.docid for hit in found["q1"]] == left
    assert found["q2"] == HITS["q2"]


docids = st.sampled_from("abcdef")


@given(
    st.dictionaries(docids, st.lists(docids, unique=True)),
    st.dictionaries(docids, st.frozensets(docids)),
    st.booleans(),
    st.booleans(),
)
def test_order_stays_and_only_what_is_named_goes(
    lists: dict[str, list[str]], excluded: dict[str, frozenset[str]], own: bool, listed: bool
) -> None:
    hits = {qid: [Hit(docid, -float(place)) for place, docid in enumerate(found)] for qid, found in lists.items()}
    for qid, kept in Rules(drop_own_id=own, drop_excluded=listed).applied(hits, excluded).items():
        assert [hit for hit in hits[qid] if hit in kept] == kept
        gone = {hit.docid for hit in hits[qid]} - {hit.docid for hit in kept}
        allowed = ({qid} if own else set()) | (excluded.get(qid, frozenset()) if listed else frozenset())
        assert gone == allowed & {hit.docid for hit in hits[qid]}


def test_a_first_stage_follows_its_rules(tmp_path: Path) -> None:
    path = tmp_path / "run.trec"
    path.write_text("q1 Q0 a 1 3.0 x\nq1 Q0 q1 2 2.0 x\n")
    run = FirstStage("bm25", path, sha256_file(path), Rules(drop_own_id=True))
    assert [hit.docid for hit in run.hits()["q1"]] == ["a"]
    assert [hit.docid for hit in run.read()["q1"]] == ["a", "q1"]


def test_rules_in_words() -> None:
    assert NO_RULES.in_words() == "none (version 1)"
    assert Rules(drop_own_id=True, drop_excluded=True).in_words() == (
        "candidates with the topic's own id removed, documents the collection excludes for a topic removed (version 1)"
    )
