"""What all formats of questions with their own paragraphs have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.collections.base import Document, Hit, Topic
from benchmark.collections.catalogue import find
from benchmark.collections.questions import GivenOrder
from benchmark.errors import SHOWN, UserError
from tests.support.questions import CORE, LONGMEMEVAL, QRHEAD, TEVATRON, write_array, write_lines


def problems(path: Path, split: str = "train") -> list[str]:
    with pytest.raises(UserError) as caught:
        list(find(str(path), split).topics())
    return [problem.replace(str(path), "F") for problem in caught.value.problems]


def qrhead(idx: Any, *paragraphs: tuple[Any, str], gt_docs: tuple[Any, ...] = ()) -> dict[str, Any]:
    listed = [{"idx": name, "paragraph_text": text} for name, text in paragraphs]
    return {"idx": idx, "question": f"question {idx}", "paragraphs": listed, "gt_docs": list(gt_docs)}


@pytest.mark.parametrize(
    ("instances", "family"),
    [(LONGMEMEVAL, "LongMemEval"), (QRHEAD, "QRHead"), (CORE, "CoRe"), (TEVATRON, "Tevatron")],
)
def test_the_content_decides_and_not_the_name(tmp_path: Path, instances: list[Any], family: str) -> None:
    split = "all" if family == "LongMemEval" else "train"
    array = find(str(write_array(tmp_path / "misleading.longmemeval.json", instances)), split)
    lines = find(str(write_lines(tmp_path / "b.jsonl.gz", instances)), split)
    assert (array.family, lines.family) == (family, family)
    assert (array.name, lines.name, array.split) == ("misleading.longmemeval", "b", split)
    assert array.revision == lines.revision, "the same content, written in another way"
    assert array.first_stage().sha256 == lines.first_stage().sha256
    assert list(array.topics()) == list(lines.topics())
    assert len(list(array.topics())) == len(instances)


def test_topics_candidates_and_judgements_fit_together(tmp_path: Path) -> None:
    collection = find(str(write_array(tmp_path / "q.json", QRHEAD)), "train")
    assert list(collection.topics()) == [Topic("t1", "who mends the weir"), Topic("t2", "who rings the bell")]
    stage = collection.first_stage()
    assert isinstance(stage, GivenOrder)
    assert collection.first_stages() == [stage.name] == ["given"]
    assert stage.hits() == {"t1": [Hit("p1", 0.0), Hit("p2", -1.0)], "t2": [Hit("p3", 0.0), Hit("p1", -1.0)]}
    assert collection.first_stage("given") == stage
    assert collection.documents(["p3", "p1"]) == [
        Document("p3", "", "The baker rings it at noon."),
        Document("p1", "Weir", "The miller mends the weir."),
    ]
    assert collection.qrels() == {"t1": {"p1": 1}, "t2": {"p9": 1, "p3": 1}}
    with pytest.raises(UserError, match=r"not in the corpus \(1 in all\): p9"):
        collection.documents(["p1", "p9"])
    with pytest.raises(UserError, match=r"Unknown first stage of 'q': 'bm25'\. Known: given\."):
        collection.first_stage("bm25")


def test_ids_that_stand_for_several_texts_are_named_by_question(tmp_path: Path) -> None:
    instances = [
        qrhead("a", (0, "one"), (1, "two"), gt_docs=(1,)),
        qrhead("b", (0, "three"), (1, "two"), gt_docs=("0", "7")),
    ]
    collection = find(str(write_array(tmp_path / "q.json", instances)), "train")
    assert {qid: [hit.docid for hit in hits] for qid, hits in collection.first_stage().hits().items()} == {
        "a": ["a__0", "a__1"],
        "b": ["b__0", "b__1"],
    }
    assert collection.documents(["b__0"]) == [Document("b__0", "", "three")]
    assert collection.qrels() == {"a": {"a__1": 1}, "b": {"b__0": 1, "b__7": 1}}


def test_a_paragraph_listed_twice_is_one_candidate(tmp_path: Path) -> None:
    instance = qrhead("a", ("x", "one"), ("y", "two"), ("x", "one"), gt_docs=("x",))
    collection = find(str(write_array(tmp_path / "q.json", [instance])), "train")
    assert [hit.docid for hit in collection.first_stage().hits()["a"]] == ["x", "y"]
    assert collection.qrels() == {"a": {"x": 1}}


def test_the_revision_follows_content_and_order(tmp_path: Path) -> None:
    base = [qrhead("a", ("x", "one"), ("y", "two"), gt_docs=("x",)), qrhead("b", ("x", "one"))]
    changed = {
        "text": [qrhead("a", ("x", "One"), ("y", "two"), gt_docs=("x",)), qrhead("b", ("x", "One"))],
        "order": [qrhead("a", ("y", "two"), ("x", "one"), gt_docs=("x",)), qrhead("b", ("x", "one"))],
        "judgement": [qrhead("a", ("x", "one"), ("y", "two"), gt_docs=("y",)), qrhead("b", ("x", "one"))],
        "elsewhere": [qrhead("a", ("x", "one"), ("y", "two"), gt_docs=("x", "z")), qrhead("b", ("x", "one"))],
        "fewer": base[:1],
    }
    found = {
        name: find(str(write_array(tmp_path / f"{name}.json", instances)), "train")
        for name, instances in {"base": base, **changed}.items()
    }
    assert len({collection.revision for collection in found.values()}) == len(found)
    orders = {name: collection.first_stage().sha256 for name, collection in found.items()}
    assert orders["text"] == orders["judgement"] == orders["base"] != orders["order"]


def test_nothing_but_the_first_instance_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    write_lines(path, [QRHEAD[0], {"idx": 1}])
    collection = find(str(path), "train")
    assert collection.first_stages() == ["given"]
    with pytest.raises(UserError):
        _ = collection.revision


def test_all_problems_are_reported_with_their_place(tmp_path: Path) -> None:
    instances = [
        qrhead("a", ("x", "one")),
        {"idx": "b", "question": 7, "paragraphs": [{"idx": "x"}]},
        ["no object"],
        qrhead("a", ("x", "one")),
        qrhead("c"),
        qrhead("d", ("x", "one"), ("x", "two")),
        qrhead("e e", ("x y", "one")),
        qrhead("f", ("", "one")),
        qrhead("g", ("x", "one"), gt_docs=("p q",)),
    ]
    said = problems(write_lines(tmp_path / "q.jsonl", instances))
    assert said == [
        "F:2: 'paragraphs.0.paragraph_text' is required and missing.",
        "F:2: 'gt_docs' is required and missing.",
        "F:3: not a JSON object.",
        "F:4: question id 'a' was used before (F:1).",
        "F:5: question 'c' has no paragraphs.",
        "F:6: id 'x' stands for two different texts.",
        "F:7: id 'e e' is empty or has white space; a run file cannot hold it.",
        "F:7: id 'x y' is empty or has white space; a run file cannot hold it.",
        "F:8: id '' is empty or has white space; a run file cannot hold it.",
        "F:9: id 'p q' is empty or has white space; a run file cannot hold it.",
    ]
    array = problems(write_array(tmp_path / "q.json", instances))
    assert array == [line.replace("F:", "F: instance ", 1) for line in said[:3]] + [
        "F: instance 4: question id 'a' was used before (F: instance 1).",
        *(line.replace("F:", "F: instance ", 1) for line in said[4:]),
    ]


def test_many_problems_are_counted(tmp_path: Path) -> None:
    said = problems(write_lines(tmp_path / "q.jsonl", [qrhead(number) for number in range(SHOWN + 4)]))
    assert len(said) == SHOWN + 1
    assert said[-1] == "F: and 4 more problems."


def test_broken_json_is_reported_beside_other_problems(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "q.jsonl", [QRHEAD[0], qrhead("c")])
    with path.open("a") as stream:
        stream.write('{"idx"\n')
    said = problems(path)
    assert len(said) == 2
    assert any(text.startswith("F:3: not valid JSON") for text in said)
    assert "F:2: question 'c' has no paragraphs." in said


def test_text_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(
        '{"idx": "a", "question": "x", "paragraphs": [{"idx": "p", "paragraph_text": "\\ud800"}], "gt_docs": []}\n'
    )
    assert problems(path) == ["F:1: has half of a surrogate pair, which is no text (surrogates not allowed)."]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ": its first instance has the keys []."),
        ("[]", ": its first instance has the keys []."),
        ("[1]", ": its first instance has the keys []."),
        ("{}", ": its first instance has the keys []."),
        ('{"b": 1, "a": 2}', ": its first instance has the keys ['a', 'b']."),
        ("{", ":1: not valid JSON (Expecting property name enclosed in double quotes)."),
    ],
)
def test_other_files_are_refused_with_what_is_known(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        find(str(path))
    (said,) = caught.value.problems
    assert said.startswith(f"{path}{found} It is not a file of questions in a known format: LongMemEval (haystack_")


def test_a_split_that_the_format_has_not(tmp_path: Path) -> None:
    path = write_array(tmp_path / "q.json", QRHEAD)
    with pytest.raises(UserError, match=r"Unknown split of q\.json, a file in QRHead format: 'test'\. Known: train\."):
        find(str(path))
