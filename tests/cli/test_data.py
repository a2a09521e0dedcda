"""``rerankbench data`` and ``first-stage build``: from a library's files to a run that is re-ranked."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.collections import manifest
from benchmark.evaluation.runfile import read_metadata, read_run
from benchmark.harness.store import read_cells
from tests.support.collection import write_suite
from tests.support.command import command
from tests.support.libraries import GRADES, lay_out_beir

NAME = "ir-datasets/beir/scifact/test"


def test_a_public_collection_from_its_files_to_a_result(cache: Path, tmp_path: Path) -> None:
    lay_out_beir()
    suite = write_suite(tmp_path / "s.yaml", NAME)
    early = command("run", suite, "--results", tmp_path / "results")
    assert early.status == 2
    (problem,) = early.problems
    build = f"rerankbench first-stage build {NAME} --split test --retriever bm25s"
    assert f"run 'bm25s' is not built yet: {build}, or rerankbench data prepare" in problem

    built = command("first-stage", "build", NAME, "--depth", 4)
    assert built.status == 0, built.err
    first, quality, written = built.out.splitlines()
    assert first == f"{NAME} (test): 3 topics, depth 4"
    assert quality.startswith("nDCG@10 0.")
    path = Path(written.removeprefix("Written: "))
    assert cache in path.parents
    assert {qid: len(hits) for qid, hits in read_run(path).items()} == dict.fromkeys(GRADES, 4)
    assert read_metadata(path)["method"]["retrieval"]["k1"] == 0.9
    before = path.read_bytes()
    assert command("first-stage", "build", NAME, "--depth", 4).status == 0
    assert path.read_bytes() == before

    prepared = command("data", "prepare", NAME)
    assert prepared.out == (
        f"{NAME}:test: 3 topics (0 without judgements), 4 judgements, runs: bm25s (depth 4); "
        "4 candidates found in the corpus\n"
    )
    assert manifest.read().held[f"{NAME}:test"].topics == 3
    ran = command("run", suite, "--results", tmp_path / "results")
    assert ran.status == 0, ran.err
    (cell,) = read_cells(tmp_path / "results")
    assert cell.request.collection.first_stage == "bm25s"
    assert cell.summary is not None
    assert f"nDCG@10 {cell.summary.metrics.mean['nDCG@10']:.4f}" in quality


def test_what_a_suite_needs_is_prepared_at_once(cache: Path, tmp_path: Path) -> None:
    lay_out_beir()
    suite = write_suite(tmp_path / "s.yaml", NAME, depth=[2, 150])
    prepared = command("data", "prepare", "--suite", suite)
    assert prepared.status == 0, prepared.err
    assert f"{NAME}:test: built bm25s, nDCG@10 0." in prepared.err
    assert "runs: bm25s (depth 8); 8 candidates found" in prepared.out
    assert command("data", "prepare").problems == ["Name collections, or a --suite."]


def test_verify_names_what_changed(cache: Path) -> None:
    lay_out_beir()
    command("first-stage", "build", NAME, "--depth", 4)
    command("data", "prepare", NAME)
    assert command("data", "verify").out == f"{NAME}:test: as prepared\n"
    command("first-stage", "build", NAME, "--depth", 3)
    result = command("data", "verify", NAME)
    assert (result.status, result.out) == (2, f"{NAME}:test: damaged\n")
    (problem,) = result.problems
    assert problem.startswith(f"{NAME}:test: run 'bm25s' changed: sha256 expected ")
    result = command("data", "verify", "demo")
    assert result.problems == ["demo:test: was not prepared here: rerankbench data prepare demo:test"]


def test_a_folder_is_prepared_and_verified_by_its_path(small: Path, cache: Path) -> None:
    (small / "run.bm25.trec").unlink()
    prepared = command("data", "prepare", small)
    assert prepared.status == 0, prepared.err
    assert "town:test: built bm25s, nDCG@10 " in prepared.err
    assert command("data", "verify", small).out == "town:test: as prepared\n"
    assert command("data", "verify").out == "town:test: as prepared\n"


def test_topics_without_judgements_are_named(small: Path, cache: Path) -> None:
    lines = (small / "qrels.tsv").read_text().splitlines()
    (small / "qrels.tsv").write_text("\n".join(lines[2:]) + "\n")
    assert "6 topics (2 without judgements: q1, q2), 4 judgements" in command("data", "prepare", small).out


def test_a_run_that_was_built_from_other_documents_is_refused(small: Path, cache: Path, tmp_path: Path) -> None:
    (small / "run.bm25.trec").unlink()
    assert command("first-stage", "build", small).status == 0
    with (small / "corpus.jsonl").open("a") as stream:
        stream.write('{"_id": "new", "text": "more"}\n')
    result = command("run", write_suite(tmp_path / "s.yaml", small), "--results", tmp_path / "results")
    assert result.status == 2
    assert "bm25s.trec: was built from another version of collection 'town': revision expected" in result.problems[0]


def test_sizes_and_licences_are_said_before_anything_is_fetched(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RERANKBENCH_OFFLINE", "1")
    result = command("data", "prepare", "beir-scidocs", "trec-dl-2019")
    assert result.status == 2
    said = result.err.splitlines()
    assert said[0].startswith("beir-scidocs: 1,000 topics, 25,657 documents, 142.5 MB of data, licence BEIR's copy: ")
    assert said[1].startswith("trec-dl-2019: 43 topics, 8,841,823 documents, 1.1 GB of data, 13.3 MB of runs, licence ")
    assert "forbids to fetch it" in result.problems[0]


def test_what_cannot_be_had_keeps_nothing_else_from_being_prepared(small: Path, cache: Path) -> None:
    result = command("data", "prepare", "beir-bioasq", small, "beir-signal1m")
    assert result.status == 2
    assert result.out.startswith("town:test: 6 topics (0 without judgements)")
    assert [problem.split(" is not")[0] for problem in result.problems] == [
        "Collection 'beir-bioasq'",
        "Collection 'beir-signal1m'",
    ]


def test_a_damaged_manifest_is_named(cache: Path) -> None:
    cache.mkdir(parents=True)
    manifest.path().write_text("{")
    result = command("data", "verify")
    (problem,) = result.problems
    assert problem.startswith(f"{manifest.path()}: not valid JSON")


def test_every_problem_of_a_collection_is_named_at_once(small: Path, cache: Path) -> None:
    with (small / "qrels.tsv").open("a") as stream:
        stream.write("q9 0 d1 1\n")
    with (small / "run.bm25.trec").open("a") as stream:
        stream.write("q8 Q0 d1 1 1.0 x\nq1 Q0 x1 5 0.5 x\nq1 Q0 x2 6 0.4 x\n")
    (small / "run.torn.trec").write_text("q1 Q0 d1 1 1.0 x\nq1 Q0 d2 1 0.5 x\nq1 Q0 d1 2 0.4 x\nq1 d3\n")
    result = command("data", "prepare", small)
    assert result.status == 2
    assert result.problems == [
        "town:test: judgements for 1 unknown topics: q9.",
        "town:test: run 'bm25' lists 1 unknown topics: q8.",
        "town:test: run 'bm25' lists 2 documents that are not in the corpus: x1, x2.",
        f"{small / 'run.torn.trec'}:2: rank 1 stands twice in the list of topic 'q1'.",
        f"{small / 'run.torn.trec'}:3: 'd1' stands twice in the list of topic 'q1'.",
        f"{small / 'run.torn.trec'}:4: expected 'qid Q0 docid rank score tag', found 'q1 d3'.",
    ]
    assert manifest.read().held == {}


def test_list_says_what_there_is(cache: Path) -> None:
    result = command("data", "list", "--family", "Demo")
    assert result.status == 0, result.err
    assert "CC0-1.0" in result.out
    assert command("data", "list", "--family", "BIER").problems[0].startswith("Unknown family 'BIER'. Known: ")


def test_a_run_of_a_folder_is_written_where_it_is_asked_for(small: Path, cache: Path, tmp_path: Path) -> None:
    out = tmp_path / "bm25.trec"
    result = command("first-stage", "build", small, "--depth", 2, "--out", out)
    assert result.status == 0, result.err
    assert {len(hits) for hits in read_run(out).values()} == {2}
