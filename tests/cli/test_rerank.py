"""``rerankbench rerank``: its output, its checks before any work, and queries that fail."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmark.harness import scoring
from tests.support.collection import QUERIES
from tests.support.command import command, script
from tests.support.tiny import CONTEXT

CANDIDATES = [
    {"docid": "a", "text": "Herons nest in the alders."},
    {"docid": "b", "text": "The mill is old.", "title": "Mill"},
    {"docid": "c", "text": "Grüße von der Brücke.", "score": 1.5},
]


def line(qid: str = "q1", query: str = "where", **changes: Any) -> str:
    return json.dumps({"qid": qid, "query": query, "candidates": CANDIDATES} | changes) + "\n"


def rerank(
    source: str | Path, target: str | Path, *options: object, method: str = "first-stage", stdin: str = ""
) -> Any:
    return command("rerank", "--method", method, "--input", source, "--output", target, *options, stdin=stdin)


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    path = tmp_path / "requests.jsonl"
    path.write_text(line("q1") + "\n" + line("q2", "who"))
    return path


def test_answers_have_exactly_the_documented_form(requests: Path, tmp_path: Path, tiny_folder: Path) -> None:
    result = rerank(requests, tmp_path / "out.jsonl", "--backbone", tiny_folder, method="icr")
    assert (result.status, result.out) == (0, "")
    answers = [json.loads(text) for text in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [answer["qid"] for answer in answers] == ["q1", "q2"]
    for answer in answers:
        assert list(answer) == [
            "qid",
            "scores",
            "seconds",
            "phases",
            "prompt_tokens",
            "completion_tokens",
            "forward_passes",
        ]
        assert all(list(item) == ["docid", "score"] for item in answer["scores"])
        assert sorted(item["docid"] for item in answer["scores"]) == ["a", "b", "c"]
        scores = [item["score"] for item in answer["scores"]]
        assert scores == sorted(scores, reverse=True)
        assert len(set(scores)) == 3
        assert answer["seconds"] > 0
        assert answer["prompt_tokens"] > 200
        assert answer["forward_passes"] == 2
        assert answer["completion_tokens"] == 0
        assert 0 < sum(answer["phases"].values()) <= answer["seconds"]
        assert set(answer["phases"]) == {"tokenise", "prefill"}


def test_written_rankings_are_counted(requests: Path, tmp_path: Path, tiny_talker: Path) -> None:
    for preset, malformed in (("constrained", 0), ("single-turn", 1)):
        options = ["--backbone", tiny_talker, "--preset", preset]
        result = rerank(requests, tmp_path / "out.jsonl", *options, method="rankgpt")
        assert result.status == 0, result.err
        for text in (tmp_path / "out.jsonl").read_text().splitlines():
            answer = json.loads(text)
            assert (answer["answers"], answer["malformed"]) == (1, malformed)
            assert bool(answer["faults"]) == bool(malformed)
            assert answer["completion_tokens"] >= answer["forward_passes"] > 1
            assert set(answer["phases"]) == {"tokenise", "prefill", "decode"}
            assert sorted(item["score"] for item in answer["scores"]) == [1.0, 2.0, 3.0]


def test_a_backbone_that_does_not_fit_is_refused_before_the_first_query(
    requests: Path, tmp_path: Path, tiny_folder: Path, tiny_talker: Path
) -> None:
    options = ["--preset", "listwise-likelihood-numbers", "--backbone", tiny_talker]
    result = rerank(requests, tmp_path / "out.jsonl", *options, method="first")
    assert result.status == 2
    assert result.problems == [
        "Backbone 'tiny-talker': its tokenizer has no single token for '10', '11', '12', '13', '14', '15', '16', '17', "
        "'18', '19' and others. Use other identifiers, a smaller window, or another backbone."
    ]
    result = rerank(requests, tmp_path / "out.jsonl", "--backbone", tiny_folder, method="first")
    assert result.status == 2
    assert "1 weights are missing, such as lm_head.weight" in result.problems[0]


def test_options_and_presets_reach_the_method(requests: Path, tmp_path: Path, tiny_folder: Path) -> None:
    def scores(*options: str) -> list[str]:
        result = rerank(requests, tmp_path / "out.jsonl", "--backbone", tiny_folder, *options, method="icr")
        assert result.status == 0, result.err
        return [json.loads(text)["scores"] for text in (tmp_path / "out.jsonl").read_text().splitlines()]

    plain = scores()
    assert scores() == plain
    assert scores("--option", "words=1") != plain
    paper = scores("--preset", "paper")
    assert paper != plain
    assert (
        scores("--preset", "paper", "--option", "spans=exact", "--option", "words=0", "--option", "order=given")
        == plain
    )


@pytest.mark.slow
def test_pipes_carry_nothing_but_answers(faulty: pytest.MonkeyPatch, tiny_folder: Path) -> None:
    """Not what a method prints, nor what is said while a model is loaded."""
    faulty.setenv("FAULTY_PRINT", "1")
    options = ["--input", "-", "--output", "-", "--backbone", str(tiny_folder)]
    result = script("rerank", "--method", "faulty", *options, stdin=line("q1") + line("q2"))
    assert result.status == 0, result.err
    assert [json.loads(text)["qid"] for text in result.out.splitlines()] == ["q1", "q2"]
    assert '{"event": "done"} on standard output' in result.err
    result = script("rerank", "--method", "icr", *options, stdin=line("ü"))
    assert result.status == 0, result.err
    assert [item["docid"] for item in json.loads(result.out)["scores"]]
    assert json.loads(result.out)["qid"] == "ü"
    assert result.err == ""


def test_equal_scores_keep_the_order_of_the_request(faulty: pytest.MonkeyPatch) -> None:
    result = rerank("-", "-", "--preset", "tied", method="faulty", stdin=line())
    assert [item["docid"] for item in json.loads(result.out)["scores"]] == ["c", "a", "b"]


def test_failed_queries_are_answered_with_their_error(faulty: pytest.MonkeyPatch) -> None:
    lines = [line(qid, text) for qid, text in QUERIES.items()]
    result = rerank("-", "-", "--preset", "picky", method="faulty", stdin="".join(lines))
    assert result.status == 2
    answers = {answer["qid"]: answer for answer in map(json.loads, result.out.splitlines())}
    assert list(answers) == list(QUERIES)
    assert answers["q2"] == {
        "qid": "q2",
        "error": {"type": "RuntimeError", "message": "no [/such] [thing] as this"},
    }
    assert {qid for qid, answer in answers.items() if "scores" in answer} == {"q1", "q6"}
    assert result.problems == [
        "query 'q2': no [/such] [thing] as this.",
        "query 'q3': too long by 3.",
        "query 'q4': scores at positions [2] are not finite (nan).",
        "query 'q5': the method returned 2 scores for 3 candidates.",
    ]


def test_a_prompt_beyond_the_context_fails_alone_and_says_by_how_much(tiny_folder: Path) -> None:
    long = [{"docid": "a", "text": "word " * 500}, {"docid": "b", "text": "short"}]
    lines = line("q1") + line("q2", candidates=long) + line("q3")
    result = rerank("-", "-", "--backbone", tiny_folder, method="icr", stdin=lines)
    assert result.status == 2
    first, failed, last = map(json.loads, result.out.splitlines())
    assert "scores" in first
    assert "scores" in last
    assert list(failed) == ["qid", "error"]
    (problem,) = result.problems
    assert failed["error"]["message"] in problem
    words = problem.replace(",", "").split()
    tokens, more = int(words[words.index("tokens") - 1]), int(words[words.index("more") - 1])
    assert tokens - more == CONTEXT
    assert f"more than the context of {CONTEXT}" in problem


BAD = {
    "malformed": ('{"qid": "q2", \n', ["{name}:2: not valid JSON: "]),
    "no object": ("[1]\n", ["{name}:2: 'value': "]),
    "duplicate docid": (
        line("q2", candidates=[CANDIDATES[0], CANDIDATES[0]]),
        ["{name}:2: query 'q2' lists docid 'a' more than once."],
    ),
    "duplicate qid": (line("q1"), ["{name}:2: qid 'q1' was used on line 1 already."]),
    "no candidates": (line("q2", candidates=[]), ["{name}:2: query 'q2' has no candidates."]),
    "missing field": ('{"qid": "q2", "candidates": []}\n', ["{name}:2: 'query' is required and missing."]),
    "unknown field": (line("q2", querry="x"), ["{name}:2: unknown option 'querry'. Did you mean 'query'?"]),
    "not finite": (
        line("q2", candidates=[{"docid": "a", "text": "t", "score": float("nan")}]),
        ["{name}:2: 'candidates.0.score': Input should be a finite number (got nan)."],
    ),
    "several": (
        "{\n" + line("q2", candidates=[]) + line("q2"),
        ["{name}:2: not valid JSON", "{name}:3: query 'q2' has", "{name}:4: qid 'q2' was used on line 3"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_requests_are_named_before_anything_is_done(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "score_query", None)
    text, expected = BAD[case]
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(line("q1") + text)
    result = rerank(source, target)
    assert (result.status, result.out) == (2, "")
    assert len(result.problems) == len(expected), result.err
    for problem, start in zip(result.problems, expected, strict=True):
        assert problem.startswith(start.format(name=source))
    assert not target.exists()


@pytest.mark.parametrize("text", ["", "\n  \n"])
def test_empty_input(tmp_path: Path, text: str) -> None:
    result = rerank("-", tmp_path / "out.jsonl", stdin=text)
    assert (result.status, result.problems) == (2, ["standard input: holds no request."])
    assert not (tmp_path / "out.jsonl").exists()


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(line("q1").encode() + b'{"qid": "caf\xe9"}\n')
    result = rerank(source, tmp_path / "out.jsonl")
    assert result.status == 2
    (problem,) = result.problems
    assert problem.startswith(f"{source}: not UTF-8 after line ")
    assert not (tmp_path / "out.jsonl").exists()


def test_files_that_are_not_there(requests: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "score_query", None)
    absent = tmp_path / "absent"
    assert rerank(absent, "-").problems == [f"{absent}: no such file."]
    assert rerank(requests, absent / "out.jsonl").problems == [f"{absent / 'out.jsonl'}: no such folder to write into."]
    assert rerank(requests, tmp_path).problems == [f"{tmp_path}: is a folder. Name a file."]
    assert rerank(tmp_path, "-").problems == [f"{tmp_path}: Is a directory"]
    assert not absent.exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--method", "ircr"], "Unknown method 'ircr'. Did you mean 'icr'?"),
        (["--method", "icr", "--preset", "papr"], "Unknown preset of method 'icr': 'papr'. Did you mean 'paper'?"),
        (["--method", "icr"], "Method 'icr' needs a backbone. Add --backbone"),
        (
            ["--method", "icr", "--backbone", "smollm2-135m-instrct"],
            "Unknown backbone 'smollm2-135m-instrct'. Did you mean 'smollm2-135m-instruct'?",
        ),
        (["--method", "icr", "--option", "wrods=3"], "Method 'icr': unknown option 'wrods'. Did you mean 'words'?"),
        (["--method", "icr", "--option", "words=many"], "Method 'icr': 'words': Input should be a valid integer"),
        (["--method", "icr", "--option", "words=[1"], "Method 'icr': 'words': Input should be a valid integer"),
        (["--method", "icr", "--option", "words"], "--option 'words': expected KEY=VALUE."),
        (["--method", "icr", "--option", "=3"], "--option '=3': expected KEY=VALUE."),
        (
            ["--method", "icr", "--option", "words=1", "--option", "words=2"],
            "--option 'words=2': words was given before.",
        ),
    ],
)
def test_names_and_options_are_checked_first(options: list[str], expected: str, requests: Path, tmp_path: Path) -> None:
    result = command("rerank", "--input", requests, "--output", tmp_path / "out.jsonl", *options)
    assert (result.status, result.out) == (2, "")
    (problem,) = result.problems
    assert problem.startswith(expected)
    assert not (tmp_path / "out.jsonl").exists()


def test_terms_must_be_accepted(requests: Path, tmp_path: Path, cache: Path) -> None:
    result = rerank(requests, tmp_path / "out.jsonl", "--backbone", "gemma-3-270m", method="icr")
    assert result.status == 2
    (problem,) = result.problems
    assert problem.startswith(
        "Backbone 'gemma-3-270m' is under the Gemma Terms of Use (https://ai.google.dev/gemma/terms)"
    )
    assert "--accept-terms" in problem
    assert not cache.exists()
    assert not (tmp_path / "out.jsonl").exists()


def test_a_model_folder_that_cannot_be_loaded_leaves_no_output(
    requests: Path, tmp_path: Path, tiny_folder: Path
) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((tiny_folder / name).read_bytes())
    (folder / "model.safetensors").write_bytes((tiny_folder / "model.safetensors").read_bytes()[:5000])
    result = rerank(requests, tmp_path / "out.jsonl", "--backbone", folder, method="icr")
    assert result.status == 2
    (problem,) = result.problems
    assert problem.startswith(f"Backbone 'broken' in {folder} cannot be loaded: ")
    assert not (tmp_path / "out.jsonl").exists()


def test_a_full_disk_is_a_clear_line(requests: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("benchmark.requests.answer", lambda *_: full(None))
    result = rerank(requests, tmp_path / "out.jsonl")
    assert result.status == 2
    assert result.problems[0].startswith("No space left on the device.")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_device_is_a_clear_line(requests: Path) -> None:
    result = rerank(requests, "/dev/full")
    assert result.status == 2
    assert result.problems[0].startswith("No space left on the device.")
    assert sys.stdout is not None
