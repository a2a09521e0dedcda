"""Run files: what is read, what is refused, and that every evaluator reads the order we wrote."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.collections.base import Hit
from benchmark.errors import UserError
from benchmark.evaluation.runfile import format_run, read_metadata, read_run, strictly_decreasing

SCORES = st.one_of(st.sampled_from([0.0, -0.0, 1.0, -1.0]), st.floats(-1e30, 1e30))


def written(folder: Path, text: str) -> Path:
    path = folder / "run.trec"
    path.write_text(text, encoding="utf-8")
    return path


def test_order_is_by_score_and_ties_stay_in_file_order(tmp_path: Path) -> None:
    path = written(tmp_path, "q2 Q0 a 3 1.5 t\nq2 Q0 z 1 2.5 t\nq2 Q0 b 2 1.5 t\n\n# comment\nq1 Q0 a 1 -1e-3 t\n")
    run = read_run(path)
    assert list(run) == ["q2", "q1"]
    assert run == {"q2": [Hit("z", 2.5), Hit("a", 1.5), Hit("b", 1.5)], "q1": [Hit("a", -0.001)]}


def test_every_problem_is_named_with_its_line(tmp_path: Path) -> None:
    lines = ["q Q0 a 1 3.0 t", "q Q0 a 2 2.0 t", "q Q0 b 3 nan t", "q Q0 c 4 inf t", "q Q0 d 5 1.0", "q Q0 e x 1 t"]
    path = written(tmp_path, "\n".join(lines))
    with pytest.raises(UserError) as caught:
        read_run(path)
    problems = [problem.removeprefix(f"{path}:") for problem in caught.value.problems]
    assert [problem[:2] for problem in problems] == ["2:", "3:", "4:", "5:", "6:"]
    assert "'a' stands twice" in problems[0]
    assert "score nan of 'b' is not finite" in problems[1]
    assert "expected 'qid Q0 docid rank score tag'" in problems[3]


def test_lines_of_another_encoding_are_named_with_the_other_problems(tmp_path: Path) -> None:
    path = tmp_path / "run.trec"
    path.write_bytes(b"\xef\xbb\xbfq Q0 a 1 3.0 t\nq Q0 caf\xe9 2 2.0 t\nq Q0 caf\xc3\xa9 3 1.0 t\r\nq Q0 b\n")
    with pytest.raises(UserError) as caught:
        read_run(path)
    assert [problem.removeprefix(f"{path}:") for problem in caught.value.problems] == [
        "2: not UTF-8 (byte 0xe9 after 8 bytes).",
        "4: expected 'qid Q0 docid rank score tag', found 'q Q0 b'.",
    ]


def test_long_lists_of_problems_are_cut(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read_run(written(tmp_path, "broken\n" * 12))
    assert len(caught.value.problems) == 11
    assert caught.value.problems[-1].endswith("and 2 more problems.")


def test_files_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such run file"):
        read_run(tmp_path / "absent.trec")
    with pytest.raises(UserError, match="holds no run line"):
        read_run(written(tmp_path, "# only a comment\n"))
    path = tmp_path / "latin.trec"
    path.write_bytes(b"q Q0 \xe4 1 1.0 t\n")
    with pytest.raises(UserError, match="not UTF-8"):
        read_run(path)


def test_text_of_a_run() -> None:
    run = {"q2": [Hit("d1", 9.104553), Hit("d2", 0.5)], "q1": [Hit("d1", 1e-7)]}
    assert format_run(run, "my run") == ("q2 Q0 d1 1 9.104553 my-run\nq2 Q0 d2 2 0.5 my-run\nq1 Q0 d1 1 1e-07 my-run\n")


@settings(deadline=None)
@given(st.lists(SCORES, min_size=1, max_size=15))
def test_scores_strictly_decrease_in_single_precision(scores: list[float]) -> None:
    hits = [Hit(f"d{number}", score) for number, score in enumerate(sorted(scores, reverse=True))]
    lowered = strictly_decreasing(hits)
    assert [hit.docid for hit in lowered] == [hit.docid for hit in hits]
    values = [hit.score for hit in lowered]
    assert all(value == np.float32(value) for value in values)
    assert all(one > two for one, two in pairwise(values))
    assert lowered[0].score == np.float32(hits[0].score)
    assert strictly_decreasing(lowered) == lowered


@settings(deadline=None, max_examples=60)
@given(st.lists(SCORES, min_size=1, max_size=10), st.randoms(use_true_random=False))
def test_what_is_written_is_read_in_the_same_order(
    tmp_path_factory: pytest.TempPathFactory, scores: list[float], random: np.random.Generator
) -> None:
    docids = [f"d{number}" for number in range(len(scores))]
    random.shuffle(docids)
    hits = [Hit(docid, score) for docid, score in zip(docids, sorted(scores, reverse=True), strict=True)]
    # One topic for each rank, whose only relevant document stands there.
    run = {f"rank{rank}": hits for rank in range(1, len(hits) + 1)}
    path = written(tmp_path_factory.mktemp("run"), format_run(run, "tag"))

    read = read_run(path)
    assert {qid: [hit.docid for hit in listed] for qid, listed in read.items()} == dict.fromkeys(run, docids)
    assert format_run(read, "tag") == path.read_text(encoding="utf-8")

    qrels = {f"rank{rank}": {docid: 1} for rank, docid in enumerate(docids, 1)}
    with path.open(encoding="utf-8") as stream:
        values = pytrec_eval.RelevanceEvaluator(qrels, {"recip_rank"}).evaluate(pytrec_eval.parse_run(stream))
    assert {qid: value["recip_rank"] for qid, value in values.items()} == pytest.approx(
        {f"rank{rank}": 1 / rank for rank in range(1, len(hits) + 1)}
    )


def test_metadata_comes_back_and_is_no_run_line(tmp_path: Path) -> None:
    metadata = {"tag": "bm25", "platform": {"hardware": {"cpu": {"cores": 2}}}, "note": "Größe: a # b\nsecond line"}
    path = written(tmp_path, format_run({"q": [Hit("d", 1.0)]}, "bm25", metadata))
    assert path.read_text(encoding="utf-8").startswith("# ir_metadata.start\n# tag: bm25\n")
    assert read_metadata(path) == metadata
    assert read_run(path) == {"q": [Hit("d", 1.0)]}


def test_metadata_absent_or_cut(tmp_path: Path) -> None:
    assert read_metadata(written(tmp_path, "q Q0 d 1 1.0 t\n")) == {}
    assert read_metadata(written(tmp_path, "")) == {}
    with pytest.raises(UserError, match="no end line"):
        read_metadata(written(tmp_path, "# ir_metadata.start\n# tag: x\n"))
