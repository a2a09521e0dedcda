"""The timed queries are the same for everybody, and the longest prompt is among them."""

from __future__ import annotations

import json
from pathlib import Path

from benchmark.collections.folder import FolderCollection
from benchmark.harness.record import CollectionRequest
from benchmark.timing.sample import sample
from tests.support.collection import QUERIES


def request(depth: int = 4) -> CollectionRequest:
    return CollectionRequest(name="town", split="test", revision="cc", first_stage="bm25", run_sha256="dd", depth=depth)


def qids(folder: Path, size: int, depth: int = 4) -> list[str]:
    return [topic.qid for topic in sample(FolderCollection(folder, None, "test"), request(depth), size)]


def lengthen(folder: Path, docid: str) -> None:
    rows = [json.loads(line) for line in (folder / "corpus.jsonl").read_text().splitlines()]
    for row in rows:
        row["text"] += " and more of it" * (row["_id"] == docid) * 50
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_small_collections_are_timed_whole(small: Path) -> None:
    assert qids(small, 10) == qids(small, len(QUERIES)) == list(QUERIES)


def test_the_longest_prompt_is_among_them_and_the_rest_stay(small: Path) -> None:
    """d5 is the first candidate of q6, and a later one of q3 to q5."""
    others = qids(small, 3)
    assert len(others) == 3
    lengthen(small, "d5")
    for depth, listing in ((4, {"q3", "q4", "q5", "q6"}), (1, {"q6"})):
        assert qids(small, 1, depth)[0] in listing
    chosen = qids(small, 3)
    assert qids(small, 1)[0] in chosen
    assert chosen == sorted(chosen), "in the order of the topics"
    assert chosen == qids(small, 3)
    assert len(set(chosen) & set(others)) >= 2, "drawn by identifier, whatever the texts are"
