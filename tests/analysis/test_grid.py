"""Mechanism by framework: where each result stands in the table, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark import suites
from benchmark.analysis.grid import MECHANISMS, framework_of, grids, mechanism_of
from benchmark.evaluation.metrics import METRICS
from benchmark.harness.record import Answers, CellRequest, CellSummary, Cost, Metrics
from methods import registry
from tests.leaderboard.cells import collection, request, write_cell
from tests.support.command import command


def asked(method: str, preset: str = "default", **changes: Any) -> CellRequest:
    """A request with the options that the preset has."""
    options = registry.find(method).options(preset, changes).model_dump(mode="json")
    return request(method, preset, options, backbone=None if method == "first-stage" else "model")


def measured(one: CellRequest, quality: float, **changes: Any) -> tuple[CellRequest, CellSummary]:
    metrics = Metrics(
        mean=dict.fromkeys(METRICS, quality),
        per_query={name: {"q1": quality} for name in METRICS},
        interval=dict.fromkeys(METRICS, (quality - 0.1, quality + 0.1)),
    )
    values: dict[str, Any] = {
        "identity": one.identity,
        "finished": "2026-03-01T10:00:00+00:00",
        "queries": 35,
        "failed": 0,
        "metrics": metrics,
        "latency": None,
        "memory": None,
        "cost": Cost(forward_passes=1.0, prompt_tokens=1.0, completion_tokens=0.0),
        "load_seconds": None,
    }
    return one, CellSummary(**(values | changes))


@pytest.mark.parametrize(
    ("one", "framework", "mechanism"),
    [
        (asked("pointwise", "yes-no"), "pointwise", "likelihood"),
        (asked("pointwise", "erank-4b"), "pointwise", "generation"),
        (asked("grouprank"), "groupwise", "generation"),
        (asked("pairwise", "allpairs"), "pairwise allpairs", "likelihood"),
        (asked("pairwise"), "pairwise heapsort", "generation"),
        (asked("setwise", "attention", framework="insertion"), "setwise insertion", "attention"),
        (asked("rankgpt", "constrained"), "listwise", "generation"),
        (asked("first"), "listwise", "likelihood"),
        (asked("icr"), "listwise", "attention"),
        (asked("e2rank"), "listwise", None),
    ],
)
def test_where_a_method_stands(one: CellRequest, framework: str, mechanism: str | None) -> None:
    assert (framework_of(one), mechanism_of(one)) == (framework, mechanism)


def test_the_table() -> None:
    written = Answers(read=40, malformed=10, faults={"missing": 10})
    (grid,) = grids(
        [
            measured(asked("first-stage"), 0.6),
            measured(asked("setwise", "attention"), 0.7),
            measured(asked("rankgpt"), 0.5, answers=written, failed=2),
            measured(asked("rankgpt", stride=5), 0.4, answers=written),
            measured(asked("setwise", "likelihood", k=3), 0.3),
            measured(asked("setwise", "likelihood"), 0.2),
            measured(asked("e2rank"), 0.9),
        ]
    )
    assert grid.markdown().splitlines() == [
        "model (float32) on demo, first 10 of bm25s, 35 queries, nDCG@10 with its 95% interval; "
        "the first stage itself: 0.600 [0.500, 0.700].",
        "",
        "| framework | generation | likelihood | attention |",
        "|---|---|---|---|",
        "| setwise heapsort | – | likelihood k=3 0.300 [0.200, 0.400]; likelihood k=10 0.200 [0.100, 0.300] | "
        "0.700 [0.600, 0.800] |",
        "| listwise | rankgpt:default stride=10 0.500 [0.400, 0.600], 75% well-formed, 2 failed; "
        "rankgpt:default stride=5 0.400 [0.300, 0.500], 75% well-formed | – | – |",
    ]


def test_other_candidates_and_backbones_have_tables_of_their_own_and_the_last_of_equal_requests_counts() -> None:
    old, deeper = asked("icr"), request("icr", on=collection(depth=20))
    new = old.model_copy(update={"method": old.method.model_copy(update={"source_sha256": "0" * 64})})
    assert old.identity != new.identity
    found = grids(
        [
            measured(new, 0.7, finished="2026-03-02T10:00:00+00:00"),
            measured(old, 0.5, finished="2026-03-01T10:00:00+00:00"),
            measured(deeper, 0.6),
        ]
    )
    assert sorted((grid.entries[0].quality.mean, len(grid.entries)) for grid in found) == [(0.6, 1), (0.7, 1)]
    assert [grid.baseline for grid in found] == [None, None]


def test_the_suite_has_every_mechanism_of_every_framework_that_compares() -> None:
    places: dict[str, set[str | None]] = {}
    for entry in suites.find("grid").methods:
        if entry.method != "first-stage":
            one = asked(entry.method, entry.preset, **entry.options)
            places.setdefault(framework_of(one), set()).add(mechanism_of(one))
    assert places.pop("pointwise") == {"likelihood"}
    sorts = {f"setwise {name}" for name in ("heapsort", "bubblesort", "insertion")}
    sorts |= {f"pairwise {name}" for name in ("allpairs", "heapsort", "sliding")}
    assert set(places) == sorts | {"listwise"}
    assert all(mechanisms == set(MECHANISMS) for mechanisms in places.values())


def test_the_command(tmp_path: Path) -> None:
    write_cell(tmp_path, asked("icr"))
    write_cell(tmp_path, asked("rankgpt"), finished=False)
    result = command("analyze", "grid", tmp_path)
    assert (result.status, result.err) == (0, "")
    assert result.out.splitlines()[2] == "| framework | generation | likelihood | attention |"
    assert "| listwise | – | – | icr:default 0." in result.out
    assert "rankgpt" not in result.out


def test_no_results(tmp_path: Path) -> None:
    assert "rerankbench run grid" in command("analyze", "grid", tmp_path).problems[0]
    assert "no such results folder" in command("analyze", "grid", tmp_path / "absent").problems[0]
