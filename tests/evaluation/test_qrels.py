"""Judgement files."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.errors import UserError
from benchmark.evaluation.qrels import read_qrels


def written(folder: Path, text: str) -> Path:
    path = folder / "qrels.tsv"
    path.write_text(text, encoding="utf-8")
    return path


def test_trec_columns(tmp_path: Path) -> None:
    path = written(tmp_path, "q1\t0\td1\t2\nq1 Q0 d2 -1\n\nq2\t0\tä\t0\n")
    assert read_qrels(path) == {"q1": {"d1": 2, "d2": -1}, "q2": {"ä": 0}}


def test_beir_columns_with_a_header(tmp_path: Path) -> None:
    path = written(tmp_path, "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t0\n")
    assert read_qrels(path) == {"q1": {"d1": 1, "d2": 0}}


def test_the_same_judgement_twice_is_one(tmp_path: Path) -> None:
    assert read_qrels(written(tmp_path, "q 0 d 1\nq 0 d 1\n")) == {"q": {"d": 1}}


def test_every_problem_is_named_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "q 0 d 1\nq 0 d 2\nq 0\nq 0 e high\nq 0 e 1.5\nq 0 f 1\n")
    with pytest.raises(UserError) as caught:
        read_qrels(path)
    assert [problem.removeprefix(f"{path}:")[:2] for problem in caught.value.problems] == ["2:", "3:", "4:", "5:"]
    assert "'d' is judged twice for topic 'q'" in caught.value.problems[0]


def test_long_lists_of_problems_are_cut(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read_qrels(written(tmp_path, "broken\n" * 25))
    assert len(caught.value.problems) == 11
    assert caught.value.problems[-1].endswith("and 15 more problems.")


def test_a_run_file_is_not_taken_for_judgements(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected 'qid 0 docid grade'"):
        read_qrels(written(tmp_path, "q1 Q0 d1 1 7.5 bm25\n"))


def test_files_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such judgement file"):
        read_qrels(tmp_path / "absent.tsv")
    with pytest.raises(UserError, match="holds no judgement"):
        read_qrels(written(tmp_path, "query-id\tcorpus-id\tscore\n"))
    path = tmp_path / "latin.tsv"
    path.write_bytes(b"q 0 d\xe4 1\n")
    with pytest.raises(UserError, match=r"latin\.tsv:1: not UTF-8 \(byte 0xe4 after 5 bytes\)"):
        read_qrels(path)
