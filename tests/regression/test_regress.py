"""A ledger on the demo collection without a model, and the shipped one's form."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from benchmark.regression.measure import compare, planned, summed, updated
from benchmark.regression.record import LEDGER, Condition, Expected, read, write
from benchmark.regression.report import markdown
from tests.support.command import command
from tests.support.records import query_record

NAME = "first-stage.default.no-backbone.demo"


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A ledger with the one condition that needs no model."""
    folder = tmp_path / "ledger"
    folder.mkdir()
    shutil.copyfile(LEDGER / f"{NAME}.yaml", folder / f"{NAME}.yaml")
    return folder


def condition(**changes: Any) -> Condition:
    expected = summed([query_record("q1", 3.0, 1.0, peak_memory_bytes=100 << 20), query_record("q2", failure="no")])
    fresh = Condition(
        name="x", command="c", method="icr", backbone="b", collection="demo", depth=2, topics=2, origin="here"
    )
    return updated(fresh, expected.model_copy(update=changes), "For this very test.", date(2026, 1, 1))


def measured(*scores: float, **changes: Any) -> Expected:
    values: dict[str, Any] = {"peak_memory_bytes": 100 << 20} | changes
    return summed([query_record("q1", *(scores or (3.0, 1.0)), **values), query_record("q2", failure="no")])


def test_the_same_passes() -> None:
    assert compare(condition(), measured()).changes == []
    # Within a ten-thousandth of the query's largest score.
    assert compare(condition(), measured(3.0002, 1.0002)).changes == []


@pytest.mark.parametrize(
    ("now", "change"),
    [
        (measured(3.0, 1.001), "'q1': score of 'd1': 1 became 1.001"),
        (measured(1.0, 3.0), "'q1': score of 'd0': 3 became 1"),
        (measured(3.0), "'q1': other candidates"),
        (measured(prompt_tokens=11), "prompt tokens: 20 became 21"),
        (measured(completion_tokens=1), "completion tokens: 0 became 1"),
        (measured(forward_passes=3), "forward passes: 4 became 5"),
        (measured(peak_memory_bytes=300 << 20), "peak memory: 300 MiB, expected 50 to 150"),
        (measured(peak_memory_bytes=1 << 20), "peak memory: 1 MiB, expected 50 to 150"),
        (measured(peak_memory_bytes=None), "peak memory: measured only once"),
        (summed([query_record("q1", failure="a"), query_record("q2", failure="b")]), "'q1': fails"),
        (summed([query_record("q1", 3.0, 1.0), query_record("q2", 1.0, 2.0)]), "'q2': no longer fails"),
        (summed([query_record("q1", 3.0, 1.0)]), "other topics"),
    ],
)
def test_every_change_is_found(now: Expected, change: str) -> None:
    assert change in compare(condition(), now).changes


def test_time_never_fails() -> None:
    outcome = compare(condition(), measured(seconds=50.0))
    assert outcome.changes == []
    assert outcome.ratio == pytest.approx(50.5)
    assert compare(condition(processor="Another"), measured(seconds=50.0)).ratio is None


@pytest.mark.slow
def test_a_change_needs_its_reason_and_is_kept(ledger: Path, tmp_path: Path) -> None:
    run = ("regress", "--ledger", ledger, "--summary", tmp_path / "found.md")
    assert command(*run).status == 0
    before = read(ledger)[NAME]
    assert before.expected is not None
    qid, scores = next(iter(before.expected.scores.items()))
    assert scores is not None
    docid = next(iter(scores))
    wrong = before.expected.model_copy(
        update={"scores": {**before.expected.scores, qid: {**scores, docid: 99.0}}, "forward_passes": 7}
    )
    write(before.model_copy(update={"expected": wrong}), ledger)
    failing = command(*run)
    assert failing.status == 2
    assert failing.problems == [
        f"{NAME}: '{qid}': score of '{docid}': 99 became {scores[docid]:g}.",
        f"{NAME}: forward passes: 7 became 0.",
        "If this is meant: rerankbench regress --update --reason '...'.",
    ]
    text = (tmp_path / "found.md").read_text()
    assert f"### {NAME}" in text
    assert f"before: {before.history[-1].date.isoformat()}, {before.history[-1].reason}" in text
    assert command(*run, "--update").status == 2
    assert command(*run, "--update", "--reason", "why not").status == 2
    assert command(*run, "--update", "--reason", "The test had spoilt it.").status == 0
    after = read(ledger)[NAME]
    assert after.expected is not None
    assert after.expected.scores == before.expected.scores
    assert [change.reason for change in after.history] == [
        *(change.reason for change in before.history),
        "The test had spoilt it.",
    ]
    assert command(*run).status == 0
    # What passes is left alone, unless it is named.
    again = ("--update", "--reason", "Measured again.")
    assert "updated" not in command(*run, *again).out
    assert "updated" in command(*run, *again, NAME).out
    assert read(ledger)[NAME].history[-1].reason == "Measured again."


def test_unknown_conditions(ledger: Path) -> None:
    (problem,) = command("regress", "--ledger", ledger, "first-stage").problems
    assert problem.startswith("Unknown condition 'first-stage'")


@pytest.mark.parametrize("name", read())
def test_the_shipped_ledger_is_complete(name: str) -> None:
    """Measured, with a reason, and its command runs the same cell."""
    found = read()[name]
    assert found.expected is not None
    assert found.history
    assert len(found.expected.scores) == found.topics
    assert all(scores and len(scores) == found.depth for scores in found.expected.scores.values())
    if found.backbone is None:
        assert planned(found, lambda _: None).command.split()[:5] == found.command.split()[:5]


def test_markdown_has_a_row_for_each() -> None:
    fine, changed = compare(condition(), measured()), compare(condition(), measured(1.0, 3.0))
    text = markdown([fine, changed])
    assert text.count("\n| x |") == 2
    assert "| x | as expected | 20 + 0 | 4 |" in text
    assert "2026-01-01: For this very test." in text
