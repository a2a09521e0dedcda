"""A collection in a folder: what is read, what is refused, and when."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmark.collections.base import Document, Hit, Topic
from benchmark.collections.catalogue import FOLDER, entries, find
from benchmark.collections.folder import FolderCollection, content_hash
from benchmark.collections.spec import FolderSource
from benchmark.errors import UserError
from benchmark.hashing import sha256_file

CORPUS: list[dict[str, Any]] = [
    {"_id": "d1", "title": "First", "text": "one"},
    {"_id": "d2", "text": "two"},
    {"_id": 3, "title": None, "text": "drei ü"},
]
QUERIES: list[dict[str, Any]] = [
    {"_id": "q1", "text": "which one", "metadata": {"flavour": "web"}},
    {"_id": "q2", "text": "another", "metadata": None},
    {"_id": "q3", "text": "third"},
]


def json_lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "small"
    path.mkdir()
    (path / "corpus.jsonl").write_text(json_lines(CORPUS), encoding="utf-8")
    (path / "queries.jsonl").write_text(json_lines(QUERIES) + "\n", encoding="utf-8")
    (path / "qrels.tsv").write_text("q1 0 d1 2\nq2 0 3 0\n")
    (path / "run.bm25.trec").write_text("q1 Q0 d2 1 2.0 t\nq1 Q0 d1 2 1.0 t\n")
    return path


@pytest.fixture
def changeable(tmp_path: Path) -> FolderCollection:
    """The catalogued demo in a copy of its folder."""
    spec = entries()["demo"]
    source = spec.splits["test"].source
    assert isinstance(source, FolderSource)
    copy = shutil.copytree(FOLDER / source.folder, tmp_path / "demo")
    return FolderCollection(copy, spec, "test")


def test_reads_topics_documents_judgements_and_run(folder: Path) -> None:
    collection = FolderCollection(folder, None, "test")
    assert (collection.name, collection.title, collection.family, collection.split) == (
        "small",
        "small",
        "Local",
        "test",
    )
    assert list(collection.topics()) == [
        Topic("q1", "which one", "web"),
        Topic("q2", "another"),
        Topic("q3", "third"),
    ]
    assert collection.documents(["3", "d1", "d2"]) == [
        Document("3", "", "drei ü"),
        Document("d1", "First", "one"),
        Document("d2", "", "two"),
    ]
    assert collection.qrels() == {"q1": {"d1": 2}, "q2": {"3": 0}}
    stage = collection.first_stage()
    assert (stage.name, stage.sha256) == ("bm25", sha256_file(folder / "run.bm25.trec"))
    assert stage.hits() == {"q1": [Hit("d2", 2.0), Hit("d1", 1.0)]}


def test_compressed_corpus_gives_the_same_documents(folder: Path) -> None:
    plain = FolderCollection(folder, None, "test").documents(["d1", "3"])
    text = (folder / "corpus.jsonl").read_bytes()
    (folder / "corpus.jsonl").unlink()
    (folder / "corpus.jsonl.gz").write_bytes(gzip.compress(text))
    assert FolderCollection(folder, None, "test").documents(["d1", "3"]) == plain


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    collection = FolderCollection(tmp_path / "absent", None, "test")
    with pytest.raises(UserError, match=r"no corpus\.jsonl or corpus\.jsonl\.gz there"):
        collection.documents(["d1"])
    with pytest.raises(UserError, match=r"no queries\.jsonl there"):
        list(collection.topics())
    with pytest.raises(UserError, match=r"no qrels\.tsv or qrels/test\.tsv there"):
        collection.qrels()
    with pytest.raises(UserError, match="corpus"):
        _ = collection.revision


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels.tsv"])
def test_revision_changes_with_every_file_but_the_runs(folder: Path, name: str) -> None:
    before = content_hash(folder)
    (folder / "run.bm25.trec").unlink()
    assert content_hash(folder) == before
    with (folder / name).open("a", encoding="utf-8") as stream:
        stream.write("\n")
    assert FolderCollection(folder, None, "test").revision == content_hash(folder) != before


def test_runs_are_listed_with_bm25_first(folder: Path) -> None:
    for name in ("contriever", "bm25s", "a.dense"):
        shutil.copy(folder / "run.bm25.trec", folder / f"run.{name}.trec")
    collection = FolderCollection(folder, None, "test")
    assert collection.first_stages() == ["bm25", "bm25s", "a.dense", "contriever"]
    assert collection.first_stage("a.dense").path == folder / "run.a.dense.trec"
    with pytest.raises(UserError, match=r"Unknown first stage of 'small': 'contreiver'\. Did you mean 'contriever'\?"):
        collection.first_stage("contreiver")


def test_a_folder_without_runs_says_so(folder: Path) -> None:
    (folder / "run.bm25.trec").unlink()
    collection = FolderCollection(folder, None, "test")
    assert collection.first_stages() == []
    with pytest.raises(UserError, match="has no first-stage run"):
        collection.first_stage()


def test_unknown_documents_are_listed(folder: Path) -> None:
    with pytest.raises(UserError, match=r"not in the corpus \(2 in all\): x, y"):
        FolderCollection(folder, None, "test").documents(["d1", "x", "y"])


BROKEN = [
    ('{"_id": "d1", "text": "a"}\n{"_id": "d2"\n', r":2: not valid JSON"),
    ('\n{"_id": "d1"}\n', r":2: needs '_id' and 'text'"),
    ('{"text": "a"}\n', r":1: needs '_id' and 'text'"),
    ('{"_id": "d1", "text": null}\n', r":1: needs '_id' and 'text'"),
    ('["d1", "a"]\n', r":1: needs '_id' and 'text'"),
    ('"d1"\n', r":1: needs '_id' and 'text'"),
]


def test_all_problems_of_a_file_are_in_one_report(folder: Path) -> None:
    lines = [b'{"_id": "d1", "text": "a"}', b'{"_id": "d2"', b'{"_id": "d3", "text": "caf\xe9"}', b'{"text": "a"}']
    lines += [b'{"_id": "d1", "text": "b"}', b'{"_id": "d 4", "text": "c"}', b'{"_id": "d5", "text": "caf\xc3\xa9"}']
    for name, read in {
        "corpus.jsonl": lambda: FolderCollection(folder, None, "test").documents(["d1"]),
        "queries.jsonl": lambda: list(FolderCollection(folder, None, "test").topics()),
    }.items():
        (folder / name).write_bytes(b"\xef\xbb\xbf" + b"\n".join(lines) + b"\n")
        with pytest.raises(UserError) as raised:
            read()
        assert [problem.removeprefix(f"{folder / name}:") for problem in raised.value.problems] == [
            "2: not valid JSON (Expecting ',' delimiter).",
            "3: not UTF-8 (byte 0xe9 after 26 bytes).",
            "4: needs '_id' and 'text'.",
            "5: '_id' d1 was used on line 1 already.",
            "6: '_id' 'd 4' is empty or has white space; a run file cannot hold it.",
        ]


def test_a_folder_as_beir_publishes_them(folder: Path) -> None:
    (folder / "qrels.tsv").unlink()
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq3\td2\t1\n")
    (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\nq2\td2\t1\n")
    test, dev = find(str(folder)), find(str(folder), "dev")
    assert [topic.qid for topic in test.topics()] == ["q1", "q3"]
    assert [topic.qid for topic in dev.topics()] == ["q2"]
    assert (test.qrels(), dev.qrels()) == ({"q1": {"d1": 1}, "q3": {"d2": 1}}, {"q2": {"d2": 1}})
    assert test.revision != dev.revision
    with pytest.raises(UserError, match=r"Unknown split of collection 'small': 'tset'\. Did you mean 'test'\?"):
        find(str(folder), "tset")


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_malformed_lines_are_named(folder: Path, text: str, message: str) -> None:
    (folder / "corpus.jsonl").write_text(text)
    with pytest.raises(UserError, match=r"corpus\.jsonl" + message):
        FolderCollection(folder, None, "test").documents(["d1"])
    (folder / "queries.jsonl").write_text(text)
    with pytest.raises(UserError, match=r"queries\.jsonl" + message):
        list(FolderCollection(folder, None, "test").topics())


def test_damaged_bytes_are_named(folder: Path) -> None:
    (folder / "queries.jsonl").write_bytes(b'{"_id": "q1", "text": "caf\xe9"}\n')
    with pytest.raises(UserError, match=r"queries\.jsonl:1: not UTF-8"):
        list(FolderCollection(folder, None, "test").topics())
    packed = gzip.compress((folder / "corpus.jsonl").read_bytes())
    (folder / "corpus.jsonl").unlink()
    for damaged in (packed[:-12], b"no gzip", packed[:10] + b"\xff" * 30):
        (folder / "corpus.jsonl.gz").write_bytes(damaged)
        with pytest.raises(UserError, match=r"corpus\.jsonl\.gz"):
            FolderCollection(folder, None, "test").documents(["d1"])


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels.tsv"])
def test_changed_catalogued_content_is_refused(changeable: FolderCollection, name: str) -> None:
    assert changeable.revision == find("demo").revision
    path = changeable.folder / name
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(UserError, match=r"is not the catalogued one: sha256 expected .* Restore its files"):
        _ = FolderCollection(changeable.folder, changeable.spec, "test").revision


def test_changed_catalogued_run_is_refused(changeable: FolderCollection) -> None:
    path = changeable.first_stage().path
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(UserError, match="damaged: sha256 expected"):
        changeable.first_stage()


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl"])
def test_an_id_used_twice_is_refused(tmp_path: Path, name: str) -> None:
    for file in ("corpus.jsonl", "queries.jsonl"):
        lines = '{"_id": "a", "text": "one"}\n' * (2 if file == name else 1)
        (tmp_path / file).write_text(lines, encoding="utf-8")
    (tmp_path / "qrels.tsv").write_text("a\t0\ta\t1\n", encoding="utf-8")
    collection = FolderCollection(tmp_path, None, "test")
    read = {"corpus.jsonl": lambda: collection.documents(["a"]), "queries.jsonl": lambda: list(collection.topics())}
    with pytest.raises(UserError, match=rf"{name}:2: '_id' a was used on line 1 already"):
        read[name]()
