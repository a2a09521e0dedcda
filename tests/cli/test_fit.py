"""``rerankbench fit``: from a folder to an artefact that other commands take; what it refuses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmark.artefacts import read_artefact
from benchmark.harness.store import read_cells
from tests.support.collection import QUERIES, write_collection, write_suite
from tests.support.command import Result, command


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A collection with a train and a test split; both are the small one."""
    write_collection(tmp_path / "town" / "train")
    write_collection(tmp_path / "town" / "test")
    return tmp_path / "town"


def fit(town: Path, backbone: object, out: Path, *options: object, method: str = "qrhead") -> Result:
    return command(
        "fit", method, "--backbone", backbone, "--collection", town, "--depth", 4, "--out", out, *options
    )  # fmt: skip


def judge(folder: Path, keep: Sequence[str], extra: str = "") -> None:
    """Keep the judgements of these topics only, and add lines."""
    lines = (folder / "qrels.tsv").read_text().splitlines(keepends=True)
    (folder / "qrels.tsv").write_text("".join(line for line in lines if line.split()[0] in keep) + extra)


@pytest.mark.slow
def test_one_pass_over_the_data_serves_two_methods_and_the_artefact_serves_two_commands(
    town: Path, tiny_folder: Path, cache: Path, tmp_path: Path
) -> None:
    qrhead, core = tmp_path / "qrhead", tmp_path / "core"
    result = fit(town, tiny_folder, qrhead)
    assert result.status == 0, result.err
    header = read_artefact(qrhead).header
    name = "qrhead.tiny-llama.town.train"
    assert result.out.splitlines() == [
        f"{name}: 6 topics, 6 new passes",
        f"Heads: {', '.join(header.heads)}",
        f"Written: {qrhead}. Use it: --method qrhead --option heads={qrhead}",
    ]
    assert (header.name, header.data.split, header.data.queries, header.data.skipped) == (name, "train", 6, 0)
    assert len(list((cache / "head-tables").rglob("*.safetensors"))) == len(QUERIES)
    result = fit(town, tiny_folder, core, "--setting", "temperature=0.1", method="core")
    assert result.status == 0, result.err
    assert result.out.startswith("core.tiny-llama.town.train: 6 topics, 0 new passes\n")
    assert read_artefact(core).header.settings["temperature"] == 0.1

    candidates = [{"docid": docid, "text": f"The {docid} mill."} for docid in ("a", "b", "c")]
    asked = json.dumps({"qid": "q", "query": "who built the mill", "candidates": candidates}) + "\n"
    common = ["--method", "qrhead", "--backbone", tiny_folder, "--option", "top=2", "--input", "-", "--output", "-"]
    given = [command("rerank", *common, "--option", f"heads={folder}", stdin=asked) for folder in (qrhead, core)]
    # top cuts a ranked list only, so heads that are named one by one go without it.
    named = ["top=0", f"heads={','.join(header.heads[:2])}"]
    common = [word for word in common if word not in ("--option", "top=2")]
    given.append(command("rerank", *common, *(word for item in named for word in ("--option", item)), stdin=asked))
    assert [result.status for result in given] == [0, 0, 0], [result.err for result in given]
    scores = [json.loads(result.out)["scores"] for result in given]
    assert scores[0] == scores[2]

    results, suite = tmp_path / "results", write_suite(tmp_path / "s.yaml", town, ["qrhead"], [str(tiny_folder)])
    options = ["--results", results, "--method", "qrhead", "--option", "top=2"]
    result = command("run", suite, *options, "--option", f"heads={qrhead}")
    assert result.status == 0, result.err
    (cell,) = read_cells(results)
    assert cell.request.method.options["heads"] == name
    assert cell.request.method.artefacts == {"heads": header.sha256}
    assert cell.summary is not None
    assert cell.summary.failed == 0
    (seen,) = cell.summary.training
    assert (seen.source, seen.checked, seen.queries, seen.documents) == ("town:train", True, 6, 8)


@pytest.mark.parametrize(
    ("method", "options", "problem"),
    [
        ("qrhead", ["--setting", "mesure=mass"], r"mesure"),
        ("qrhead", ["--setting", "measure=map"], r"measure"),
        ("qrhead", ["--setting", "measure"], r"expected KEY=VALUE"),
        ("qrhead", ["--option", "wrods=3"], r"wrods"),
        ("icr", [], r"Method 'icr' has nothing to fit. These have: core, qrhead, routehead."),
        ("qrhaed", [], r"Unknown method 'qrhaed'. Did you mean 'qrhead'?"),
        ("qrhead", ["--split", "trian"], r"Unknown split of collection 'town': 'trian'. Did you mean 'train'?"),
        ("qrhead", ["--split", "test"], r"Split 'test' of collection 'town' is for measuring"),
        ("qrhead", ["--first-stage", "bm52"], r"Unknown first stage of 'town': 'bm52'. Did you mean 'bm25'?"),
    ],
)
def test_what_cannot_be_fitted_is_refused_before_the_model_is_there(
    method: str, options: list[str], problem: str, town: Path, cache: Path, tmp_path: Path
) -> None:
    """The backbone would have to be fetched."""
    result = fit(town, "qwen3-0.6b", tmp_path / "out", *options, method=method)
    assert (result.status, result.out) == (2, "")
    assert len(result.problems) == 1
    assert problem in result.problems[0]
    assert not (tmp_path / "out").exists()
    assert not cache.exists()


def test_a_folder_without_splits_has_no_train_split(small: Path, tiny_folder: Path, tmp_path: Path) -> None:
    result = fit(small, tiny_folder, tmp_path / "out")
    assert result.status == 2
    (problem,) = result.problems
    assert problem.startswith("Collection 'town' has no train split: its folder is one set and counts as test.")


def test_a_test_split_may_be_fitted_on_when_asked_for(
    town: Path, tiny_folder: Path, cache: Path, tmp_path: Path
) -> None:
    result = fit(town, tiny_folder, tmp_path / "out", "--split", "test", "--allow-test")
    assert result.status == 0, result.err
    assert read_artefact(tmp_path / "out").header.data.split == "test"


def test_topics_that_teach_nothing_are_skipped_and_said(
    town: Path, tiny_folder: Path, cache: Path, tmp_path: Path
) -> None:
    saturated = "".join(f"q6 0 d{number} 1\n" for number in range(8))
    judge(town / "train", ["q1", "q2", "q3", "q4"], saturated)
    result = fit(town, tiny_folder, tmp_path / "out")
    assert result.status == 0, result.err
    skipped = [line for line in result.err.splitlines() if line.startswith("Skipped")]
    assert skipped == [
        "Skipped 1 topic with no relevant candidate among the first 4: q5",
        "Skipped 1 topic with no candidate that is judged not relevant among the first 4: q6",
    ]
    data = read_artefact(tmp_path / "out").header.data
    assert (data.queries, data.skipped) == (4, 2)


@pytest.mark.parametrize(("method", "least"), [("qrhead", 4), ("routehead", 10)])
def test_too_few_queries_are_refused(
    method: str, least: int, town: Path, tiny_folder: Path, cache: Path, tmp_path: Path
) -> None:
    judge(town / "train", ["q1", "q2", "q3"])
    result = fit(town, tiny_folder, tmp_path / "out", method=method)
    assert (result.status, result.out) == (2, "")
    (problem,) = result.problems
    assert problem.startswith("3 training queries have a relevant and another candidate")
    assert f"at least {least} are needed" in problem
    assert not (tmp_path / "out").exists()


def test_no_usable_topic_at_all(town: Path, tiny_folder: Path, tmp_path: Path) -> None:
    judge(town / "train", [], "q1 0 d7 1\n")
    result = fit(town, tiny_folder, tmp_path / "out")
    assert result.status == 2
    assert "no topic has a relevant and another document among its first 4 candidates of run 'bm25'" in result.err


def test_an_option_of_two_methods_is_refused(town: Path, tiny_folder: Path, tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "s.yaml", town, ["qrhead", "core"], [str(tiny_folder)])
    two = ["--method", "qrhead", "--method", "core", "--option", "heads=0-0"]
    for methods in (two, ["--option", "heads=0-0"]):
        result = command("run", suite, "--results", tmp_path / "results", *methods)
        assert result.status == 2
        assert result.problems == ["--option belongs to one method: name exactly one with --method."]
    assert not (tmp_path / "results").exists()
