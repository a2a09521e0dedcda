from pathlib import Path

import cells
import pytest

from benchmark.collections import catalogue
from benchmark.harness.record import CellFailure, TrainingOverlap
from leaderboard import reading
from leaderboard.grouping import sections
from leaderboard.rows import Section
from leaderboard.safe import safe_name


def read(results: Path) -> tuple[Section, ...]:
    return sections(reading.read([results]), catalogue.entries())


def test_rows_fall_by_the_first_metric_and_rows_without_a_score_come_last(tmp_path: Path) -> None:
    cells.demo_results(tmp_path)
    (section,) = read(tmp_path)
    scores = [row.score for row in section.rows]
    ranked = [score for score in scores if score is not None]
    assert len(ranked) == 10
    assert scores == [*sorted(ranked, reverse=True), None, None]
    assert [row.rank for row in section.rows] == [*range(1, 11), None, None]


def test_equal_scores_share_a_rank_and_the_next_rank_is_left_out(tmp_path: Path) -> None:
    """A quality of 2 or of -1 makes every topic 1 or 0."""
    for method, quality in (("a", 2.0), ("b", 2.0), ("c", -1.0)):
        cells.write_cell(tmp_path, cells.request(method), quality=quality)
    (section,) = read(tmp_path)
    assert [(row.request.method.name, row.rank) for row in section.rows] == [("a", 1), ("b", 1), ("c", 3)]


def test_each_row_is_compared_with_the_first_stage_of_its_own_candidates(tmp_path: Path) -> None:
    for depth, quality in ((10, 0.6), (5, 0.3)):
        on = cells.collection(depth=depth)
        cells.write_cell(tmp_path, cells.request("first-stage", backbone=None, on=on), quality=quality)
        cells.write_cell(tmp_path, cells.request("icr", on=on), quality=0.7)
    shallow, deep = read(tmp_path)
    assert (shallow.request.depth, deep.request.depth) == (5, 10)
    for section in (shallow, deep):
        row = next(row for row in section.rows if not row.is_baseline)
        assert section.baseline is not None
        assert section.baseline.comparison is None
        assert row.comparison is not None
        assert row.score is not None
        assert section.baseline.score is not None
        assert row.comparison.difference == pytest.approx(row.score - section.baseline.score)
        assert row.comparison.topics == 12


def test_no_comparison_without_a_baseline_or_over_other_topics(tmp_path: Path) -> None:
    cells.write_cell(tmp_path, cells.request("icr"))
    assert read(tmp_path)[0].rows[0].comparison is None
    cells.write_cell(tmp_path, cells.request("first-stage", backbone=None), topics=11)
    assert [row.comparison for row in read(tmp_path)[0].rows] == [None, None]


@pytest.mark.parametrize("change", [{"revision": "0" * 64}, {"run_sha256": "0" * 64}, {"depth": 5}, {"split": "train"}])
def test_what_may_not_be_compared_is_in_another_section(tmp_path: Path, change: dict[str, object]) -> None:
    cells.write_cell(tmp_path, cells.request())
    cells.write_cell(tmp_path, cells.request(on=cells.collection(**change)))
    found = read(tmp_path)
    assert [len(section.rows) for section in found] == [1, 1]
    assert len({section.anchor for section in found}) == 2


def test_a_collection_that_differs_from_the_catalogue_is_known_as_such(tmp_path: Path) -> None:
    cells.write_cell(tmp_path, cells.request())
    cells.write_cell(tmp_path, cells.request(on=cells.collection(run_sha256="0" * 64)))
    cells.write_cell(tmp_path, cells.request(on=cells.collection("elsewhere")))
    found = {section.request.run_sha256: section for section in read(tmp_path)}
    assert sorted((s.catalogued, s.spec is not None) for s in found.values()) == [
        (False, False),
        (False, True),
        (True, True),
    ]


def test_an_incomplete_cell_says_how_far_it_came(tmp_path: Path) -> None:
    cells.write_cell(tmp_path, cells.request(), topics=21, finished=False)
    (row,) = read(tmp_path)[0].rows
    assert (row.status, row.reason) == ("incomplete", "21 of 35 queries finished.")
    assert row.summary is None


def test_an_incomplete_cell_names_its_last_failure(tmp_path: Path) -> None:
    cells.write_cell(tmp_path, cells.request(), topics=5, finished=False, failures=(1, 3), message="too long.")
    reason = read(tmp_path)[0].rows[0].reason
    assert reason == ("5 of 35 queries finished, 2 with a failure; the last one is QueryError: too long.")


def test_a_cell_whose_worker_died_says_how(tmp_path: Path) -> None:
    folder = cells.write_cell(tmp_path, cells.request(), topics=21, finished=False)
    when = "2026-03-01T10:05:12+00:00"
    failure = CellFailure(when=when, kind="out of memory", message="tried 8 GiB.", last_lines=("<b>at line 3</b>",))
    (folder / "failure.json").write_text(failure.model_dump_json())
    (row,) = read(tmp_path)[0].rows
    assert (row.status, row.reason) == ("failed", "Failed after 21 of 35 queries: out of memory: tried 8 GiB.")
    assert row.summary is None
    assert row.cell.failure == failure


def test_a_cell_that_never_ran_says_so(tmp_path: Path) -> None:
    folder = cells.write_cell(tmp_path, cells.request(), finished=False)
    (folder / "queries.jsonl").unlink()
    assert read(tmp_path)[0].rows[0].reason == "Started, but no query is finished."
    (folder / "machine.json").unlink()
    (row,) = read(tmp_path)[0].rows
    assert (row.reason, row.hardware) == ("Not started.", None)


def test_a_cell_whose_queries_all_failed_is_not_ranked(tmp_path: Path) -> None:
    cells.write_cell(tmp_path, cells.request(), topics=4, failures=range(4), message="out of memory")
    (row,) = read(tmp_path)[0].rows
    assert (row.status, row.rank, row.score) == ("failed", None, None)
    assert row.reason == "All 4 queries failed; the last one with QueryError: out of memory."


def test_a_summary_of_another_request_is_not_believed(tmp_path: Path) -> None:
    good = cells.write_cell(tmp_path, cells.request("icr"))
    other = cells.write_cell(tmp_path, cells.request("core"))
    (other / "summary.json").write_bytes((good / "summary.json").read_bytes())
    by_name = {row.request.method.name: row for row in read(tmp_path)[0].rows}
    assert by_name["icr"].status == "complete"
    assert by_name["core"].reason == "Its summary belongs to another request. Run it again."


def test_rows_with_the_same_name_say_what_differs(tmp_path: Path) -> None:
    for window in (4, 8):
        cells.write_cell(tmp_path, cells.request(options={"window": window, "order": "given"}))
    assert sorted(row.variant for row in read(tmp_path)[0].rows) == ["window=4", "window=8"]


def test_the_same_run_in_two_folders_is_shown_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        cells.write_cell(tmp_path / name, cells.request())
    found = sections(reading.read([tmp_path / "one", tmp_path / "two"]), {})
    assert len(found[0].rows) == 1


def test_one_request_on_two_machines_has_two_pages_and_marked_hardware(tmp_path: Path) -> None:
    cells.write_cell(tmp_path / "one", cells.request())
    later = cells.machine(processor="Another", started="2026-04-01T00:00:00+00:00")
    cells.write_cell(tmp_path / "two", cells.request(), ran_on=later)
    both = reading.read([tmp_path / "two", tmp_path / "one"])
    (section,) = sections(both, {})
    assert section.hardware == ("Another, 4 cores, 16 GiB", "Example Processor 7000 @ 2.40GHz, 4 cores, 16 GiB")
    pages = {section.hardware_mark(row): row.page for row in section.rows}
    assert pages["H1"] == pages["H2"] + "-2"
    assert sections(reversed(both), {}) == (section,)


def test_metrics_are_columns_in_the_order_of_their_table_and_unknown_ones_follow(tmp_path: Path) -> None:
    folder = cells.write_cell(tmp_path, cells.request())
    text = (
        (folder / "summary.json").read_text(encoding="utf-8").replace('"MAP"', '"zeta"').replace('"nDCG@5"', '"alpha"')
    )
    (folder / "summary.json").write_text(text, encoding="utf-8")
    (section,) = read(tmp_path)
    assert section.metrics[:2] == ("nDCG@10", "nDCG@1")
    assert section.metrics[-2:] == ("alpha", "zeta")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b\\c", "<script>", "...", "", "é" * 9, "x" * 999])
def test_safe_names_cannot_leave_a_folder(name: str) -> None:
    safe = safe_name(name)
    assert safe.isascii()
    assert 0 < len(safe) <= 180
    assert not set(safe) & set('/\\<>"')
    assert not safe.startswith(".")


def test_the_table_leaves_out_metrics_that_are_for_special_collections(tmp_path: Path) -> None:
    cells.write_cell(tmp_path, cells.request())
    (section,) = read(tmp_path)
    assert {"recall@3", "recall@5"} <= set(section.metrics)
    assert [name for name in section.metrics if name not in section.columns] == ["recall@3", "recall@5"]


@pytest.mark.parametrize(
    ("source", "checked", "queries", "documents", "words"),
    [
        ("demo:test", True, 3, 1, "fitted on demo:test: saw 3 topics and 1 document of this collection"),
        ("demo:train", True, 0, 7, "fitted on demo:train: saw 0 topics and 7 documents of this collection"),
        ("demo:train", True, 0, 0, ""),
        ("demo", False, 12, 0, "detected on demo, perhaps on these topics"),
        ("nq", False, 0, 0, ""),
    ],
)
def test_a_row_says_what_its_method_saw_of_the_test_data(
    tmp_path: Path, source: str, checked: bool, queries: int, documents: int, words: str
) -> None:
    data = TrainingOverlap(source=source, checked=checked, queries=queries, documents=documents)
    cells.write_cell(tmp_path, cells.request("qrhead"), training=[data])
    (row,) = read(tmp_path)[0].rows
    assert row.seen == words
    assert row.fitted_on == (source if checked else f"{source} (as published, not checked)")


def test_an_unfitted_row_has_seen_nothing(tmp_path: Path) -> None:
    cells.write_cell(tmp_path, cells.request())
    (row,) = read(tmp_path)[0].rows
    assert (row.seen, row.fitted_on) == ("", "")
