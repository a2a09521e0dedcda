"""Prompts, parsed answers and windows of the official code (sunnweiwei/RankGPT @ 0d62bc3)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import Generation
from benchmark.errors import QueryError
from methods.base import Candidate
from methods.listwise.permutation import parse_permutation
from methods.listwise.windows import sliding_order
from methods.rankgpt.method import RankGpt, RankGptOptions
from tests.methods.golden import inputs


@pytest.fixture
def golden(shared: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((shared / "golden" / "rankgpt.json").read_text(encoding="utf-8"))
    return content


def messages_of(backbone: Backbone, query: str, candidates: Sequence[Candidate]) -> list[dict[str, str]]:
    method = RankGpt(RankGptOptions(), backbone)
    prompt = method.encoded(query, candidates, 100_000).prompt
    assert not isinstance(prompt, str)
    return [{"role": message.role, "content": message.content} for message in prompt.messages]


def test_conversation_of_passages_cut_to_100_words(
    golden: dict[str, Any], shared: Path, tiny_backbone: Backbone
) -> None:
    query, candidates = inputs(shared / "golden" / "inputs.json")["0"]
    for name, part in (("messages_trunc100", candidates), ("messages_window_10_20_trunc100", candidates[10:20])):
        assert golden[name]["docids"] == [candidate.docid for candidate in part]
        assert messages_of(tiny_backbone, query, part) == golden[name]["messages"]


def test_conversation_of_whole_passages(golden: dict[str, Any], shared: Path, tiny_backbone: Backbone) -> None:
    record = golden["messages_full_passages"]
    with gzip.open(shared / "data" / "noveleval2306" / "corpus.jsonl.gz", "rt", encoding="utf-8") as stream:
        documents = {document["_id"]: document for document in map(json.loads, stream)}
    candidates = [Candidate(docid, documents[docid]["text"]) for docid in record["docids"]]
    assert messages_of(tiny_backbone, record["query"], candidates) == record["messages"]


def test_answers_are_parsed_alike(golden: dict[str, Any]) -> None:
    assert len(golden["parses"]) == 39
    everything = [f"0-{number}" for number in range(20)]
    for record in golden["parses"]:
        start, count = record["rank_start"], record["rank_end"] - record["rank_start"]
        if "error" in record:
            with pytest.raises(QueryError, match="digits that are no number"):
                parse_permutation(record["answer"], count)
            continue
        order = parse_permutation(record["answer"], count).order
        expected = [everything.index(docid) for docid in record["docids_out"]]
        found = [*range(start), *(start + item for item in order), *range(start + count, 20)]
        assert found == expected, record["answer"]


@pytest.mark.parametrize("name", ["sliding_windows_fake_reverse", "sliding_windows_fake_reverse_8_5"])
def test_windows_and_what_they_leave_unranked(golden: dict[str, Any], name: str) -> None:
    record = golden[name]
    sizes = []

    def reverse(items: Sequence[int]) -> list[float]:
        sizes.append(len(items))
        return [float(place) for place in range(len(items))]

    order = sliding_order(20, record["window_size"], record["step"], reverse, "full")
    assert [record["docids_in"][item] for item in order] == record["docids_out"]
    assert sizes == record["window_sizes"]


def test_the_whole_method_with_a_model_that_reverses(
    golden: dict[str, Any], shared: Path, tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    query, candidates = inputs(shared / "golden" / "inputs.json")["0"]

    def reverse(prompts: Sequence[Any], limit: int, **_: Any) -> list[Generation]:
        count = (len(prompts[0].prompt.messages) - 4) // 2
        return [Generation(" > ".join(f"[{number}]" for number in range(count, 0, -1)), 50, "stop")]

    monkeypatch.setattr(tiny_backbone.language, "generate", reverse)
    record = golden["sliding_windows_fake_reverse_8_5"]
    scores = RankGpt(RankGptOptions(window=8, stride=5, last_window="full"), tiny_backbone).rerank(query, candidates)
    ranked = sorted(range(20), key=lambda item: -scores[item])
    assert [candidates[item].docid for item in ranked] == record["docids_out"]
