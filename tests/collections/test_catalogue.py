"""The catalogue, and what is promised of the demo collection."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmark.collections import catalogue
from benchmark.collections.catalogue import FOLDER, entries, find
from benchmark.collections.folder import content_hash, read_corpus
from benchmark.collections.spec import FolderSource, SplitSpec
from benchmark.errors import UserError
from benchmark.hashing import sha256_file

SPLITS = ["test", "train"]
EACH_PINNED_SPLIT = [
    (name, split)
    for name, spec in entries().items()
    for split, part in spec.splits.items()
    if isinstance(part.source, FolderSource)
]


def demo_folder(split: str) -> Path:
    return folder_of(entries()["demo"].splits[split])


def folder_of(split: SplitSpec) -> Path:
    assert isinstance(split.source, FolderSource)
    return FOLDER / split.source.folder


@pytest.mark.parametrize(("name", "split"), EACH_PINNED_SPLIT)
def test_files_are_the_pinned_ones(name: str, split: str) -> None:
    spec = entries()[name].splits[split]
    collection = find(name, split)
    folder = folder_of(spec)
    assert content_hash(folder) == spec.sha256 == collection.revision
    assert len(list(collection.topics())) == len({topic.qid for topic in collection.topics()}) == spec.queries
    docids = [document.docid for document in read_corpus(folder)]
    assert len(docids) == len(set(docids)) == spec.documents
    assert entries()[name].first_stage == collection.first_stages()[0]
    for run, pinned in spec.runs.items():
        stage = collection.first_stage(run)
        assert stage.sha256 == pinned.sha256 == sha256_file(stage.path)
        hits = stage.hits()
        assert hits.keys() == {topic.qid for topic in collection.topics()}
        assert {len(listed) for listed in hits.values()} == {pinned.depth}
        assert {hit.docid for listed in hits.values() for hit in listed} <= set(docids)


@pytest.mark.parametrize(("name", "split"), EACH_PINNED_SPLIT)
def test_judgements_use_the_described_grades(name: str, split: str) -> None:
    used = {grade for grades in find(name, split).qrels().values() for grade in grades.values()}
    assert used <= entries()[name].grades.keys()


def test_demo_has_the_size_its_readme_says() -> None:
    spec = entries()["demo"]
    sizes = {split: (spec.splits[split].queries, spec.splits[split].documents) for split in SPLITS}
    assert sizes == {"test": (35, 120), "train": (20, 80)}


@pytest.mark.parametrize("split", SPLITS)
def test_demo_topics_are_judged_against_their_whole_cluster(split: str) -> None:
    collection = find("demo", split)
    corpus = {document.docid for document in read_corpus(demo_folder(split))}
    qrels = collection.qrels()
    assert qrels.keys() == {topic.qid for topic in collection.topics()}
    for qid, grades in qrels.items():
        cluster = qid.rpartition("-")[0]
        assert grades.keys() == {docid for docid in corpus if docid.rpartition("-")[0] == cluster}, qid
        assert len(grades) == 10, qid
        assert 3 in grades.values(), f"nothing answers {qid} fully"
    assert {topic.group for topic in collection.topics()} == {"web", "science", "reasoning"}


def test_demo_splits_share_nothing() -> None:
    documents = {split: list(read_corpus(demo_folder(split))) for split in SPLITS}
    topics = {split: list(find("demo", split).topics()) for split in SPLITS}
    for attribute in ("docid", "title", "text"):
        one, other = ({getattr(document, attribute) for document in documents[split]} for split in SPLITS)
        assert not one & other, attribute
    for attribute in ("qid", "text"):
        one, other = ({getattr(topic, attribute) for topic in topics[split]} for split in SPLITS)
        assert not one & other, attribute
    clusters = [{document.docid.rpartition("-")[0] for document in documents[split]} for split in SPLITS]
    assert [len(names) for names in clusters] == [12, 8]
    assert not clusters[0] & clusters[1]


def test_demo_carries_its_readme_and_licence() -> None:
    folder = demo_folder("test").parent
    assert "CC0" in (folder / "LICENSE").read_text(encoding="utf-8")
    assert "not a benchmark" in (folder / "README.md").read_text(encoding="utf-8")
    assert entries()["demo"].licence == "CC0-1.0"


def test_find_by_name_or_folder(tmp_path: Path) -> None:
    assert find("Demo").revision == find("demo", "test").revision != find("demo", "train").revision
    copy = shutil.copytree(demo_folder("train"), tmp_path / "mine")
    collection = find(str(copy))
    assert (collection.name, collection.family) == ("mine", "Local")
    assert collection.revision == find("demo", "train").revision


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"Unknown collection 'dmeo'\. Did you mean 'demo'\? A folder"):
        find("dmeo")
    with pytest.raises(UserError, match=r"Unknown split of collection 'demo': 'tset'\. Did you mean 'test'\?"):
        find("demo", "tset")


def test_an_entry_is_named_as_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(FOLDER / "demo.yaml", tmp_path / "other.yaml")
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    with pytest.raises(UserError, match=r"other\.yaml: the entry is named 'demo'"):
        entries.__wrapped__()


def test_a_folder_called_like_an_entry_is_named_apart(small: Path, tmp_path: Path) -> None:
    shutil.copytree(small, tmp_path / "beir-scifact")
    assert find(str(tmp_path / "beir-scifact")).name == "local-beir-scifact"
