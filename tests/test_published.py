"""Published numbers: what is shipped, and how a malformed file is refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmark.collections import catalogue
from benchmark.errors import UserError
from benchmark.published import (
    FILE,
    PublishedResult,
    beside,
    differences,
    of,
    of_paper,
    our_method,
    read,
    results,
)
from methods import registry

HEADER = "paper,arxiv,method,backbone,first_stage,depth,dataset,collection,metric,value,source,url"
LINE = "ICR,2410.02642,ICR,Llama,BM25,100,NQ,beir-nq,nDCG@10,50.1,paper-or-repository,https://arxiv.org/abs/2410.02642"


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def test_every_line_is_read_and_none_stands_twice() -> None:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    assert len(results()) == len(lines) - 1 == 948


def test_collections_are_those_of_the_catalogue() -> None:
    assert {result.collection for result in results()} - {None} <= catalogue.entries().keys()


def test_a_dataset_is_one_collection() -> None:
    named = {(result.dataset, result.collection) for result in results()}
    assert not [dataset for dataset, times in Counter(dataset for dataset, _ in named).items() if times > 1]


@pytest.mark.parametrize("words", ["not a paper table", "computed here", "onboarding log", "figure, unlabelled"])
def test_what_nobody_published_as_a_result_is_left_out(words: str) -> None:
    assert not [result.paper for result in results() if words in result.paper.casefold()]


def test_of_a_collection() -> None:
    found = {(result.method, result.backbone): result.value for result in of("beir-nq") if "Table 2" in result.paper}
    assert found["BM25", None] == 30.5
    assert all(result.metric == "nDCG@10" and result.dataset == "NQ" for result in of("beir-nq"))
    assert of("demo") == []


def test_numbers_beside_one_that_was_measured() -> None:
    found = beside("beir-nq", "qrhead", "llama-3.1-8b-instruct")
    assert found
    assert {(result.method, result.backbone) for result in found} <= {
        ("QRRetriever", "Llama-3.1-8B-Instruct"),
        *((f"QRRetriever, {heads} heads", "Llama-3.1-8B-Instruct") for heads in (16, 32, 64, 128, 256, 512)),
    }
    assert {result.backbone for result in beside("beir-nq", "first-stage")} == {None}
    assert beside("beir-nq", "icr", "qwen3-0.6b") == []


@pytest.mark.parametrize(
    ("printed", "ours"),
    [
        ("ICR", "icr"),
        ("ICR full", "icr"),
        ("RankGPT-Bubble", "rankgpt"),
        ("FirstMistral (first-token logits)", "first"),
        ("Rank-K (32B)", None),
        ("FIRST (original)", "first"),
        ("Setwise best", "setwise"),
        ("LRL (gpt-4o-mini)", None),
    ],
)
def test_methods_as_sources_call_them(printed: str, ours: str | None) -> None:
    assert our_method(printed) == ours


def test_methods_are_ours() -> None:
    for result in results():
        if ours := our_method(result.method):
            assert registry.find(ours).name == ours


def test_what_keeps_a_number_from_being_compared() -> None:
    (number,) = [result for result in beside("beir-nq", "icr", "llama-3.1-8b-instruct") if "Table 2" in result.paper]
    assert differences(number, "bm25s", 200) == ["a sample of the queries"]
    assert differences(number, "dense-granite-embedding-30m-english", 40) == [
        "depth 200, here 40",
        "candidates of BM25, here of dense-granite-embedding-30m-english",
        "a sample of the queries",
    ]


def test_numbers_of_a_paper() -> None:
    assert {result.arxiv for result in of_paper("2410.02642")} == {"2410.02642"}
    assert of_paper("0000.00000") == []


def test_empty_cells_are_none(tmp_path: Path) -> None:
    path = written(tmp_path / "own.csv", LINE.replace("Llama", "").replace("beir-nq", ""))
    (result,) = read(path)
    assert (result.backbone, result.collection, result.value) == (None, None, 50.1)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("50.1", "~50", "'value': Input should be a valid number"),
        ("50.1", "nan", "'value'"),
        ("50.1", "501", "nDCG@10 lies between 0 and 100, not at 501"),
        ("2410.02642,", "2410,", "'arxiv'"),
        ("paper-or-repository", "read-off-a-figure", "'source'"),
        ("https:", "http:", "'url'"),
        (",ICR,", ",,", "'method'"),
        (",100,", ",", "11 columns where there are 12"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    path = written(tmp_path / "own.csv", LINE, LINE.replace("ICR,", "other,", 1).replace(old, new))
    with pytest.raises(UserError, match=f"^own.csv: line 3: .*{problem}"):
        read(path)


def test_all_problems_at_once(tmp_path: Path) -> None:
    path = written(tmp_path / "own.csv", LINE.replace("50.1", "?"), LINE, LINE, "a,b")
    with pytest.raises(UserError) as refused:
        read(path)
    assert [problem.split(":")[1].strip() for problem in refused.value.problems] == ["line 2", "line 4", "line 5"]
    assert "the same number stands on line 3" in refused.value.problems[1]


@pytest.mark.parametrize("content", [b"", b"paper,value\n", b"\xff\n", HEADER.encode() + b'\n"open\n'])
def test_files_that_are_something_else(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "own.csv").write_bytes(content)
    with pytest.raises(UserError, match=r"own\.csv: (line 1 must be the header|not CSV in UTF-8)"):
        read(tmp_path / "own.csv")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read(tmp_path / "none.csv")


def test_the_header_is_the_record() -> None:
    assert list(PublishedResult.model_fields) == HEADER.split(",")
