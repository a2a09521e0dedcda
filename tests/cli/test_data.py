"""``rerankbench data`` and ``first-stage build``: from a library's files to a run that is re-ranked."""

from __future__ import annotations

from pathlib import Path

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
    assert problem.endswith(
        f"run 'bm25s' is not built yet: rerankbench first-stage build {NAME} --split test --retriever bm25s."
    )

    prepared = command("data", "prepare", NAME)
    assert prepared.status == 0, prepared.err
    assert prepared.out == (
        f"{NAME}:test: 3 topics, 4 judgements, runs: none: rerankbench first-stage build {NAME}; "
        "0 candidates found in the corpus\n"
    )
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
    assert "runs: bm25s" in prepared.out
    assert manifest.read().held[f"{NAME}:test"].topics == 3
    ran = command("run", suite, "--results", tmp_path / "results")
    assert ran.status == 0, ran.err
    (cell,) = read_cells(tmp_path / "results")
    assert cell.request.collection.first_stage == "bm25s"
    assert cell.summary is not None
    assert f"nDCG@10 {cell.summary.metrics.mean['nDCG@10']:.4f}" in quality


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


def test_a_damaged_manifest_is_named(cache: Path) -> None:
    cache.mkdir(parents=True)
    manifest.path().write_text("{")
    result = command("data", "verify")
    (problem,) = result.problems
    assert problem.startswith(f"{manifest.path()}: not valid JSON")


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
