"""The numbers at the head of a run's page."""

from __future__ import annotations

from pathlib import Path

import cells

from benchmark.collections import catalogue
from benchmark.harness.record import Memory
from leaderboard import reading, run_tables
from leaderboard.grouping import sections
from leaderboard.rows import Row


def row_of(results: Path, method: str) -> Row:
    (section,) = sections(reading.read([results]), catalogue.entries())
    return next(row for row in section.rows if row.request.method.name == method)


def test_a_run_with_everything_has_every_tile(tmp_path: Path) -> None:
    cells.write_cell(tmp_path, cells.request("first-stage", backbone=None), topics=35, quality=0.3)
    cells.write_cell(
        tmp_path, cells.request("rankgpt"), topics=35, quality=0.8, written=96, timed_on=cells.machine(), flops=2.5e12
    )
    tiles = {name: (value, told) for name, value, told in run_tables.tiles(row_of(tmp_path, "rankgpt"))}
    assert list(tiles) == [
        "nDCG@10",
        "Δ to the first stage",
        "Median latency, timed session",
        "Median latency, as it ran",
        "Weights",
        "Prompt tokens a query",
        "Well-formed answers",
    ]
    assert tiles["nDCG@10"][1].endswith("· rank 1")
    assert tiles["Δ to the first stage"][1].startswith("p < 0.001, corrected p < 0.001 · 35 better, 0 equal")
    assert "1.60 times a bare pass · 5 queries, 3 repeats" in tiles["Median latency, timed session"][1]
    assert tiles["Weights"][0] == "513 MiB"
    assert tiles["Prompt tokens a query"][1].endswith("· 96 tokens written · 2.50 TFLOP")
    assert tiles["Well-formed answers"][1] == "of 105 · 1 cut · 3 missing"
    assert "p &lt; 0.001" in run_tables.as_tiles(run_tables.tiles(row_of(tmp_path, "rankgpt")))


def test_what_is_not_known_is_said_and_a_run_without_a_score_has_no_tile(tmp_path: Path) -> None:
    cells.write_cell(tmp_path, cells.request("icr"), topics=35)
    cells.write_cell(tmp_path, cells.request("core"), topics=4, finished=False)
    assert run_tables.tiles(row_of(tmp_path, "core")) == []
    row = row_of(tmp_path, "icr")
    assert row.summary is not None
    unknown = Memory(weights=None, peak_above_weights=None, process_peak=3 << 30, preallocated=True)
    object.__setattr__(row.summary, "memory", unknown)
    tiles = {name: (value, told) for name, value, told in run_tables.tiles(row)}
    assert tiles["Weights"] == (
        "not known",
        "peak not known · process 3,072 MiB · taken in advance by the engine, not comparable",
    )
    assert "Δ to the first stage" not in tiles
    assert "Well-formed answers" not in tiles
