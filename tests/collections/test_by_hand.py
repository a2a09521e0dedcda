"""Collections that users lay out themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmark import suites
from benchmark.collections import catalogue, manifest
from benchmark.collections.base import FirstStage
from benchmark.collections.by_hand import ByHandCollection, NotHere
from benchmark.errors import UserError
from tests.support.collection import DOCUMENTS, QUERIES, write_suite
from tests.support.command import command

NAME = "beir-trec-news"
HOW = r"Collection 'beir-trec-news' is not on this machine\. Apply to NIST .* Put the folder \(corpus\.jsonl, .* at "


def lay_out(folder: Path) -> None:
    """As BEIR publishes its sets: queries of all splits together."""
    (folder / "qrels").mkdir(parents=True)
    corpus = [json.dumps({"_id": docid, "title": "", "text": text}) for docid, text in DOCUMENTS.items()]
    queries = [json.dumps({"_id": qid, "text": text}) for qid, text in QUERIES.items()]
    (folder / "corpus.jsonl").write_text("\n".join(corpus) + "\n")
    (folder / "queries.jsonl").write_text("\n".join(queries) + "\n")
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t2\nq2\td2\t0\n")


def test_the_18_sets_of_beir_are_in_its_suite() -> None:
    names = {entry.collection for entry in suites.find("beir").collections}
    forums = {name for name in names if name.startswith("beir-cqadupstack-")}
    assert len(forums) == 12
    assert len(names - forums - {"beir-msmarco"}) + 1 == 18
    by_hand = {name for name in names if isinstance(catalogue.find(name, split_of(name)), ByHandCollection)}
    assert by_hand == {"beir-bioasq", "beir-signal1m", "beir-trec-news", "beir-robust04"}


def split_of(name: str) -> str:
    return next(iter(catalogue.entries()[name].splits))


def test_what_is_not_here_says_how_it_is_had(cache: Path) -> None:
    found = catalogue.find(NAME)
    for look in (
        lambda: list(found.topics()),
        found.qrels,
        lambda: found.documents(["d1"]),
        found.first_stage,
        lambda: found.revision,
    ):
        with pytest.raises(NotHere, match=HOW):
            look()
    assert (
        command("data", "prepare", NAME).problems[0].startswith("Collection 'beir-trec-news' is not on this machine.")
    )


def test_a_folder_as_beir_has_them_is_the_collection(cache: Path) -> None:
    lay_out(cache / "collections" / NAME)
    found = catalogue.find(NAME)
    assert [topic.qid for topic in found.topics()] == ["q1", "q2"]
    assert found.qrels() == {"q1": {"d1": 2}, "q2": {"d2": 0}}
    assert found.documents(["d3"])[0].text == DOCUMENTS["d3"]
    assert found.first_stages() == ["bm25s", "bm25", "bm25-rm3", "splade-pp-ed"]
    assert len(found.revision) == 64


def test_a_run_that_is_deeper_than_catalogued_is_named(
    cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lay_out(cache / "collections" / NAME)
    found = catalogue.find(NAME)
    run = tmp_path / "run.trec"
    run.write_text("q1 Q0 d1 1 3.0 x\nq1 Q0 d2 2 2.0 x\nq2 Q0 d1 1 1.0 x\n")
    monkeypatch.setattr(found, "first_stages", lambda: ["bm25"])
    monkeypatch.setattr(found, "first_stage", lambda name: FirstStage(name, run, "0" * 64, depth=1))
    with pytest.raises(UserError) as raised:
        manifest.look(found)
    assert raised.value.problems == (f"{NAME}:test: run 'bm25' lists more than its 1 documents for 1 topics: q1.",)


def test_a_suite_leaves_out_what_is_not_here_and_says_so(cache: Path, tmp_path: Path) -> None:
    suite = suites.find(
        str(write_suite(tmp_path / "s.yaml", NAME, collections=[{"collection": "demo"}, {"collection": NAME}]))
    )
    notes: list[str] = []
    assert [entry.collection for entry in suites.present(suite, notes.append).collections] == ["demo"]
    (note,) = notes
    assert note.startswith("Left out: Collection 'beir-trec-news' is not on this machine. Apply to NIST")
    lay_out(cache / "collections" / NAME)
    assert suites.present(suite, notes.append) == suite
    assert len(notes) == 1


def test_a_collection_that_is_named_must_be_here(cache: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    named = command("run", "beir", "--collection", NAME, "--method", "first-stage", "--results", results)
    assert named.status == 2
    assert named.problems[0].startswith("Collection 'beir-trec-news' is not on this machine.")
    alone = write_suite(tmp_path / "s.yaml", NAME)
    with pytest.raises(UserError, match="none of its collections is on this machine"):
        suites.present(suites.find(str(alone)), lambda _: None)
