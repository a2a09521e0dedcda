"""Where first-stage runs come from: a catalogue, the web, this machine's own workshop."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from benchmark.collections.rules import Rules
from benchmark.collections.runs import NotBuilt, Runs, read_rank_llm
from benchmark.collections.spec import RunSpec
from benchmark.errors import UserError
from tests.support.web import Site, serving

TREC = b"q1 Q0 a 1 2.0 x\nq1 Q0 b 2 1.0 x\n"
LINES = [
    {
        "query": {"text": "what", "qid": 1},
        "candidates": [{"docid": "b", "score": 1.0, "doc": {}}, {"docid": 7, "score": 2}],
    }
]
RANK_LLM = "".join(json.dumps(line) + "\n" for line in LINES).encode()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("RERANKBENCH_OFFLINE", raising=False)
    with serving(Site({"/bm25.trec": TREC, "/splade.jsonl": RANK_LLM})) as found:
        yield found


def pinned(site: Site) -> dict[str, RunSpec]:
    def spec(path: str, form: str) -> RunSpec:
        content = site.files[path]
        return RunSpec(
            url=site.address + path,
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
            format=form,
            depth=2,
            description="for tests",
        )

    return {"bm25": spec("/bm25.trec", "trec"), "splade": spec("/splade.jsonl", "rank-llm")}


def test_published_runs_are_fetched_when_they_are_asked_for(site: Site, cache: Path) -> None:
    runs = Runs("town", "test", pinned=pinned(site), default="bm25")
    assert runs.names() == ["bm25", "splade"]
    assert not site.asked
    run = runs.find()
    assert (run.name, run.sha256) == ("bm25", hashlib.sha256(TREC).hexdigest())
    assert [hit.docid for hit in run.hits()["q1"]] == ["a", "b"]
    assert cache in run.path.parents
    assert [(hit.docid, hit.score) for hit in runs.find("splade").hits()["1"]] == [("7", 2.0), ("b", 1.0)]
    runs.find("splade")
    assert [path for path, _ in site.asked] == ["/bm25.trec", "/splade.jsonl"]


def test_a_built_run_is_found_by_its_name(site: Site, cache: Path) -> None:
    runs = Runs("town", "test", pinned=pinned(site), default="bm25s")
    assert runs.names() == ["bm25s", "bm25", "splade"]
    with pytest.raises(NotBuilt, match=r"'bm25s' is not built yet: rerankbench first-stage build town --split test"):
        runs.find()
    runs.workshop.mkdir(parents=True)
    (runs.workshop / "bm25s.trec").write_bytes(TREC)
    assert runs.find().path == runs.workshop / "bm25s.trec"


def test_a_run_knows_how_deep_it_should_be(site: Site, cache: Path) -> None:
    assert Runs("town", "test", pinned=pinned(site)).find("bm25").depth == 2


def test_rules_and_exclusions_reach_the_run(site: Site, cache: Path) -> None:
    asked: list[int] = []

    def excluded() -> dict[str, frozenset[str]]:
        asked.append(1)
        return {"q1": frozenset("a")}

    plain = Runs("town", "test", pinned=pinned(site), excluded=excluded)
    assert len(plain.find("bm25").hits()["q1"]) == 2
    assert not asked
    ruled = Runs("town", "test", pinned=pinned(site), rules=Rules(drop_excluded=True), excluded=excluded)
    assert [hit.docid for hit in ruled.find("bm25").hits()["q1"]] == ["b"]


def test_an_unknown_run_is_refused(site: Site, cache: Path) -> None:
    with pytest.raises(UserError, match=r"Unknown first stage of 'town': 'bm52'\. Did you mean 'bm25'\?"):
        Runs("town", "test", pinned=pinned(site)).find("bm52")
    with pytest.raises(UserError, match=r"has no first-stage run\. Put one .*first-stage build town"):
        Runs("town", "test").find()


@pytest.mark.parametrize("places", [{}, {"file": "run.trec", "url": "http://example.org/run.trec"}])
def test_a_run_has_one_place(places: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="either a file or a url"):
        RunSpec(sha256="0" * 64, depth=1, description="x", **places)


def test_every_malformed_line_of_a_rank_llm_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    twice = {"query": {"qid": "q2"}, "candidates": [{"docid": "a", "score": 1}, {"docid": "a", "score": 0}]}
    endless = {"query": {"qid": "q3"}, "candidates": [{"docid": "a", "score": float("inf")}]}
    lines = [
        "{",
        json.dumps({"query": {}}),
        json.dumps(twice),
        json.dumps(twice | {"candidates": []}),
        json.dumps(endless),
    ]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(UserError) as raised:
        read_rank_llm(path)
    assert [problem.removeprefix(f"{path}:") for problem in raised.value.problems] == [
        "1: expected query.qid and candidates with docid and score.",
        "2: expected query.qid and candidates with docid and score.",
        "3: a document stands twice in the list of topic 'q2'.",
        "4: topic 'q2' was listed before.",
        "5: a score of topic 'q3' is not finite.",
    ]
