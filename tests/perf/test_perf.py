"""The measuring scripts run and compare like with like; times themselves are not tested."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from transformers import LlamaConfig

from benchmark.perf import attention, comparisons, first_stage, heads, language, pairwise, shapes, submissions, workers
from benchmark.perf.variants import Variant
from benchmark.perf.workload import candidates
from tests.support.collection import QUERIES, write_suite
from tests.support.command import command

pytestmark = pytest.mark.slow


def test_the_workload_is_fixed_and_of_the_asked_size() -> None:
    texts = [candidate.text for candidate in candidates(100, 45)]
    assert texts == [candidate.text for candidate in candidates(100, 45)]
    assert [len(text.split()) for text in texts] == [45] * 100
    assert len(set(texts)) == 100


def test_ratios_are_to_the_first_way_and_too_large_ways_are_named() -> None:
    calls: list[str] = []
    ways = [
        Variant("a", lambda: calls.append("a")),
        Variant("b", lambda: calls.append("b")),
        Variant("d", lambda: calls.append("d"), needs_bytes=1 << 60),
    ]
    rows = attention.measure(ways, 2, lambda _: None)
    assert calls == ["a", "b"] * 3
    assert rows[0].ratio == 1.0
    assert rows[1].seconds is not None
    assert rows[2].seconds is None
    assert "not run: needs 1073741824 GiB" in attention.table("title", rows)


def test_shapes_runs_anywhere_with_the_tiny_one() -> None:
    result = CliRunner().invoke(
        shapes.main, ["--shape", "tiny", "--documents", "4", "--words", "20", "--repeats", "1"], catch_exceptions=False
    )
    assert result.exit_code == 0
    assert [line.split(" | ")[1] for line in result.output.splitlines()[3:]] == [
        "a bare forward",
        "a' with cache",
        "b ICR",
    ]


@pytest.mark.slow
def test_language_compares_scores_and_writing_with_the_bare_work(tiny_talker: Path) -> None:
    arguments = ["--backbone", str(tiny_talker), "--documents", "3", "--words", "5", "--tokens", "4", "--repeats", "1"]
    result = CliRunner().invoke(language.main, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    groups = [rows for rows in report.values() if isinstance(rows, list)]
    assert [[row["way"][0] for row in rows] for rows in groups] == [["a", "b"]] * 3
    assert all(row["seconds"] > 0 and row["ratio"] > 0 for rows in groups for row in rows)


@pytest.mark.slow
def test_pairwise_compares_comparisons_one_by_one_and_together(tiny_talker: Path) -> None:
    arguments = ["--backbone", str(tiny_talker), "--documents", "3", "--words", "5", "--repeats", "1", "--json"]
    result = CliRunner().invoke(pairwise.main, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    groups = [rows for rows in json.loads(result.stdout).values() if isinstance(rows, list)]
    assert [[row["way"][:2] for row in rows] for rows in groups] == [["a ", "b "]] * 3
    assert all(row["seconds"] > 0 for rows in groups for row in rows)


@pytest.mark.slow
def test_few_heads_and_a_router_are_compared_with_the_bare_forward(
    tiny_folder: Path, tmp_path: Path, cache: Path
) -> None:
    router = tmp_path / "router"
    fitted = command(
        "fit", "routehead", "--backbone", tiny_folder, "--collection", "demo", "--depth", 8, "--out", router,
        "--option", "words=5", "--setting", "epochs=2",
    )  # fmt: skip
    assert fitted.status == 0, fitted.err
    arguments = ["--backbone", tiny_folder, "--documents", 3, "--words", 5, "--heads", 2, "--repeats", 1]
    result = CliRunner().invoke(heads.main, [str(word) for word in [*arguments, "--router", router]])
    assert result.exit_code == 0, result.output
    rows = [line.split(" | ")[0] for line in result.stdout.splitlines() if line.startswith("| ")][1:]
    assert [row[2] for row in rows] == ["a", "b", "c", "d"]


def test_a_first_stage_is_built_and_measured() -> None:
    result = CliRunner().invoke(first_stage.main, ["--documents", "50", "--topics", "2", "--depth", "5"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("50 passages of 56 words, 2 topics: ")
    assert list(first_stage.passages(3, 4)) == list(first_stage.passages(3, 4))


def test_heads_are_spread_over_the_middle_third() -> None:
    assert heads.middle_third(30, 9, 8) == "10-0,11-1,13-2,14-3,15-4,16-5,18-6,19-7"
    assert heads.middle_third(30, 2, 3) == "10-0,14-1,19-0"


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is there, so the rows are measured")
def test_without_a_gpu_the_rows_stay_open_and_say_so() -> None:
    assert "not measured here" in CliRunner().invoke(shapes.main, []).output


def test_operations_of_a_forward_pass() -> None:
    config = LlamaConfig(
        hidden_size=8, intermediate_size=16, num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=1
    )
    # Per layer and token: q and o 8x8, k and v 8x4, three 8x16 matrices; scores and mixing over half the keys.
    assert shapes.flops(config, 10) == 3 * 10 * (2 * (64 + 64 + 32 + 32 + 3 * 128) + 2 * 8 * 10)


@pytest.mark.slow
def test_workers_are_compared_on_the_same_cells(faulty: pytest.MonkeyPatch, tmp_path: Path, small: Path) -> None:
    suite = write_suite(tmp_path / "s.yaml", small)
    methods = ["--method", "faulty:default", "--method", "faulty:tied"]
    result = CliRunner().invoke(workers.main, ["--suite", str(suite), *methods, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    rows = json.loads(result.stdout)["rows"]
    assert [(row["workers"], row["queries"]) for row in rows] == [(1, 2 * len(QUERIES)), (2, 2 * len(QUERIES))]
    assert all(row["whole"] > 0 and row["steady"] > 0 for row in rows)


def test_comparisons_are_counted_for_every_framework() -> None:
    result = CliRunner().invoke(comparisons.main, ["--documents", "20", "--repeats", "3"], catch_exceptions=False)
    assert result.exit_code == 0
    rows = [line.split(" | ") for line in result.output.splitlines()[4:]]
    assert len(rows) == len(comparisons.FRAMEWORKS)
    counts = {row[0].removeprefix("| "): row[3] for row in rows}
    assert counts["all pairs"] == "190.0 (1.0)"
    assert counts["pairwise sliding"] == "190.0 (190.0)"
    assert counts["pairwise bubblesort"] == "19.0 (19.0)", "in order: one pass"


def test_published_counts_are_met_within_what_the_lists_leave_open() -> None:
    worths = comparisons.lists(100, 30)["often wrong"]
    for framework in comparisons.FRAMEWORKS:
        if framework.published is not None:
            found, _ = comparisons.counted(framework, worths, 10)
            assert found == pytest.approx(framework.published, rel=0.1)


@pytest.mark.slow
def test_submissions_are_made_and_checked() -> None:
    result = CliRunner().invoke(submissions.main, ["--number", "2", "--jobs", "1"], catch_exceptions=False)
    assert "2 submissions, 210 queries, 1 processes:" in result.output
