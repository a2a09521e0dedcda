from pathlib import Path

import cells
import numpy as np
import pytest

from benchmark.backbones import catalogue as backbones
from benchmark.collections import catalogue
from leaderboard import reading
from leaderboard.families import families
from leaderboard.family import FamilyRow, FamilyTable
from leaderboard.grouping import sections
from leaderboard.ranking import tie_groups
from methods import registry

NANO = ("nano-nfcorpus", "nano-scifact", "nano-fiqa")


def read(results: Path) -> tuple[FamilyTable, ...]:
    found = sections(reading.read([results]), catalogue.entries())
    names = {row.request.method.name for section in found for row in section.rows}
    cards = {name: registry.find(name).card for name in names if name in registry.plugins()}
    return families(found, cards, catalogue.entries(), backbones.entries())


def write(results: Path, method: str, qualities: dict[str, float], **more: object) -> None:
    backbone = None if method == "first-stage" else cells.MODEL
    for name, quality in qualities.items():
        asked = cells.request(method, backbone=backbone, on=cells.collection(name))
        cells.write_cell(results, asked, quality=quality, topics=30, **more)


def by_method(table: FamilyTable) -> dict[str, FamilyRow]:
    return {row.method.name: row for row in table.rows}


def test_a_family_has_one_table_with_a_column_a_collection_and_their_mean(tmp_path: Path) -> None:
    write(tmp_path, "first-stage", dict.fromkeys(NANO, 0.4), seconds=0.001)
    write(tmp_path, "icr", {NANO[0]: 0.5, NANO[1]: 0.6, NANO[2]: 0.7})
    (table,) = read(tmp_path)
    assert (table.family, table.depth, table.first_stage, table.known) == ("NanoBEIR", 10, "bm25s", 13)
    assert [column.title for column in table.columns] == sorted(column.title for column in table.columns)
    row = by_method(table)["icr"]
    values = [score.value for score in row.scores]
    assert row.mean == pytest.approx(np.mean([value for value in values if value is not None]))
    assert row.interval is not None
    assert row.interval[0] < row.mean < row.interval[1]
    first = by_method(table)["first-stage"]
    assert row.difference == pytest.approx(row.mean - (first.mean or 0))
    assert row.p_value is not None
    assert row.p_value < 0.01
    assert (first.difference, first.p_value) == (None, None)
    assert (row.kind, row.size, row.trust, row.date) == ("attention", "below 1B", "own run", "2026-03-01")


def test_a_row_without_all_collections_has_no_mean_and_says_why(tmp_path: Path) -> None:
    write(tmp_path, "icr", dict.fromkeys(NANO, 0.6))
    write(tmp_path, "core", {NANO[0]: 0.9})
    write(tmp_path, "core", {NANO[1]: 0.9}, finished=False)
    (table,) = read(tmp_path)
    core = by_method(table)["core"]
    assert (core.mean, core.rank, core.group, core.interval) == (None, None, "", None)
    reasons = [score.reason for score in core.scores]
    assert sorted(reasons) == ["", "incomplete: 30 of 50 queries finished.", "not run"]
    assert [row.method.name for row in table.rows] == ["icr", "core"], "rows without a mean come last"
    assert {(row.method.name, score.reason) for row, _, score in table.missing} == {
        ("core", "not run"),
        ("core", "incomplete: 30 of 50 queries finished."),
    }


def test_near_rows_share_ranks_and_a_group_and_far_ones_do_not(tmp_path: Path) -> None:
    for method, quality in (("a", 0.8), ("b", 0.8), ("c", 0.5), ("d", 0.5)):
        write(tmp_path, method, dict.fromkeys(NANO, quality))
    (table,) = read(tmp_path)
    found = {row.method.name: (row.rank, row.group) for row in table.rows}
    assert found["a"] == found["b"] == ((1, 2), "A")
    assert found["c"] == found["d"] == ((3, 4), "B")


def test_a_group_ends_at_the_first_row_that_differs_from_its_best() -> None:
    apart = np.zeros((5, 5), dtype=np.bool_)
    for one, other in ((0, 2), (0, 4), (2, 4)):
        apart[one, other] = apart[other, one] = True
    assert tie_groups(apart) == ["A", "A", "B", "B", "C"]
    assert tie_groups(np.ones((28, 28), dtype=np.bool_))[-2:] == ["AA", "AB"]


def test_other_depths_first_stages_splits_and_families_have_tables_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, "icr", {NANO[0]: 0.5})
    cells.write_cell(tmp_path, cells.request(on=cells.collection(NANO[0], depth=5)))
    cells.write_cell(tmp_path, cells.request(on=cells.collection(NANO[0], first_stage="dense")))
    cells.write_cell(tmp_path, cells.request(on=cells.collection("demo", "train")))
    cells.write_cell(tmp_path, cells.request())
    cells.write_cell(tmp_path, cells.request(on=cells.collection("elsewhere")))
    tables = read(tmp_path)
    assert [table.family for table in tables] == ["NanoBEIR"] * 3 + ["Demo", "Demo", "Other"]
    assert len({table.anchor for table in tables}) == 6


def test_candidates_that_are_not_the_catalogues_are_not_mixed_with_those_that_are(tmp_path: Path) -> None:
    cells.write_cell(tmp_path, cells.request())
    cells.write_cell(tmp_path, cells.request(on=cells.collection(run_sha256="0" * 64)))
    first, second = read(tmp_path)
    assert first.columns[0].sections[0].catalogued
    assert not second.columns[0].sections[0].catalogued
    assert first.anchor != second.anchor


def test_parts_of_a_collection_are_one_column_with_their_mean(tmp_path: Path) -> None:
    names = ("beir-cqadupstack-gis", "beir-cqadupstack-tex", "beir-scifact")
    write(tmp_path, "icr", {names[0]: 0.4, names[1]: 0.6, names[2]: 0.9})
    write(tmp_path, "core", {names[0]: 0.4, names[2]: 0.9})
    (table,) = read(tmp_path)
    assert [column.title for column in table.columns] == ["CQADupStack", "SciFact"]
    row = by_method(table)["icr"]
    parts = [part.score for part in row.scores[0].rows]
    assert row.scores[0].value == pytest.approx(sum(part or 0 for part in parts) / 2)
    assert row.mean == pytest.approx(((row.scores[0].value or 0) + (row.scores[1].value or 0)) / 2)
    assert by_method(table)["core"].scores[0].reason == "partly: 1 of 2 parts were run"


def test_one_configuration_on_two_machines_is_two_rows_and_rerun_on_one_is_one(tmp_path: Path) -> None:
    cells.write_cell(tmp_path / "one", cells.request())
    cells.write_cell(tmp_path / "two", cells.request(), ran_on=cells.machine(processor="Another"))
    cells.write_cell(tmp_path / "three", cells.request(), ran_on=cells.machine(started="2026-04-01T00:00:00+00:00"))
    found = sections(reading.read([tmp_path / name for name in ("one", "two", "three")]), catalogue.entries())
    (table,) = families(found, {}, catalogue.entries(), {})
    assert sorted(row.hardware for row in table.rows) == [
        ("Another, 4 cores, 16 GiB",),
        ("Example Processor 7000 @ 2.40GHz, 4 cores, 16 GiB",),
    ]
    assert len({row.key for row in table.rows}) == 2


def test_latency_over_different_hardware_is_not_averaged(tmp_path: Path) -> None:
    cells.write_cell(tmp_path, cells.request(on=cells.collection(NANO[0])))
    cells.write_cell(tmp_path, cells.request(on=cells.collection(NANO[1])), ran_on=cells.machine(processor="Another"))
    (table,) = read(tmp_path)
    (row,) = table.rows
    assert len(row.hardware) == 2
    assert row.cost.latency is None
    assert row.cost.prompt_tokens is not None


def test_costs_are_means_over_collections_and_the_memory_is_the_largest(tmp_path: Path) -> None:
    write(tmp_path, "rankgpt", {NANO[0]: 0.5}, tokens=1000, written=40)
    write(tmp_path, "rankgpt", {NANO[1]: 0.5}, tokens=3000, written=60)
    (table,) = read(tmp_path)
    (row,) = table.rows
    summaries = [part.summary for part in row.rows]
    expected = [summary.cost.prompt_tokens for summary in summaries if summary]
    assert row.cost.prompt_tokens == pytest.approx(sum(expected) / 2)
    assert row.cost.completion_tokens == 50
    assert row.cost.well_formed == pytest.approx(1 - 6 / 180)
    peaks = [s.memory.weights + (s.memory.peak_above_weights or 0) for s in summaries if s and s.memory]
    assert row.cost.memory == max(peaks)
    assert (row.cost.timed, row.cost.ratio, row.cost.queries) == (False, None, 60)


def test_latency_of_a_run_that_went_on_elsewhere_is_not_given(tmp_path: Path) -> None:
    folder = cells.write_cell(tmp_path, cells.request())
    other = cells.machine(processor="Another", started="2026-03-02T00:00:00+00:00")
    (folder / "sessions.jsonl").write_text(other.model_dump_json() + "\n", encoding="utf-8")
    (table,) = read(tmp_path)
    (row,) = table.rows
    assert row.hardware == ("Another, 4 cores, 16 GiB", "Example Processor 7000 @ 2.40GHz, 4 cores, 16 GiB")
    assert (row.cost.latency, row.cost.prompt_tokens is None) == (None, False)
