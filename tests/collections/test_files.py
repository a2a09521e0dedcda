"""Collections in three files of a repository, served on loopback as their authors publish them."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.collections import catalogue, manifest
from benchmark.collections.base import Document, Topic
from benchmark.collections.files import FilesCollection, read_pairs
from benchmark.collections.spec import CollectionSpec, FilesSource
from benchmark.errors import UserError
from tests.support.command import command
from tests.support.web import Site, serving

TEXTS = {"0-0": 'He said "no"\tand left.', "0-1": "plain", "1-0": "Größe", "1-1": "last"}
QUERIES = {"0": "what did he say", "1": "how large"}
QRELS = "0 Q0 0-0 2\n0 Q0 0-1 0\n1 Q0 1-1 0\n1 Q0 1-0 1\n"


def tabbed(rows: dict[str, str], header: tuple[str, str] | None = None) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter="\t", lineterminator="\n").writerows([*([header] if header else []), *rows.items()])
    return out.getvalue().encode()


@pytest.fixture
def site(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("RERANKBENCH_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    files = {"/corpus.tsv": tabbed(TEXTS), "/queries.tsv": tabbed(QUERIES), "/qrels.txt": QRELS.encode()}
    with serving(Site(files)) as found:
        yield found


def entry(site: Site, *, pinned: bool = True, candidates: bool = True, documents: int = 4) -> CollectionSpec:
    def file(path: str) -> dict[str, object]:
        content = site.files[path]
        known = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        return {"url": site.address + path, **(known if pinned else {})}

    source = {
        "kind": "files",
        "corpus": file("/corpus.tsv"),
        "queries": file("/queries.tsv"),
        "qrels": file("/qrels.txt"),
        "candidates": candidates,
    }
    return CollectionSpec.model_validate(
        {
            "name": "novel-town",
            "title": "Town",
            "family": "Towns",
            "description": "For tests.",
            "licence": "CC0-1.0",
            "grades": {0: "not relevant", 1: "relevant", 2: "more so"},
            "first_stage": "given" if candidates else "bm25s",
            "splits": {"test": {"source": source, "queries": 2, "documents": documents, "bytes": 100}},
        }
    )


def collection(spec: CollectionSpec) -> FilesCollection:
    source = spec.splits["test"].source
    assert isinstance(source, FilesSource)
    return FilesCollection(source, spec, "test")


def test_the_three_files_are_a_collection(site: Site) -> None:
    found = collection(entry(site))
    assert list(found.topics()) == [Topic("0", "what did he say"), Topic("1", "how large")]
    assert found.documents(["1-0", "0-0"]) == [Document(name, "", TEXTS[name]) for name in ("1-0", "0-0")]
    assert [document.docid for document in found.corpus()] == list(TEXTS)
    assert found.qrels() == {"0": {"0-0": 2, "0-1": 0}, "1": {"1-1": 0, "1-0": 1}}
    assert len(site.asked) == 3
    with pytest.raises(UserError, match=r"'novel-town': not in the corpus \(1 in all\): x"):
        found.documents(["x"])


def test_judged_documents_in_their_order_are_the_candidates(site: Site) -> None:
    found = collection(entry(site))
    assert found.first_stages() == ["given"]
    lists = found.first_stage().hits()
    assert {qid: [hit.docid for hit in hits] for qid, hits in lists.items()} == {
        "0": ["0-0", "0-1"],
        "1": ["1-1", "1-0"],
    }
    assert collection(entry(site, candidates=False)).first_stages() == ["bm25s"]


def test_the_revision_is_of_what_is_in_the_files(site: Site, cache: Path) -> None:
    before = collection(entry(site, pinned=False)).revision
    for path in (cache / "collections" / "novel-town").glob("*.tsv"):
        path.unlink()
    site.files["/corpus.tsv"] = tabbed(TEXTS | {"1-1": "another"})
    assert collection(entry(site, pinned=False)).revision != before


def test_a_line_of_names_is_left_out(site: Site) -> None:
    site.files["/corpus.tsv"] = tabbed(TEXTS, ("doc_id", "text"))
    assert [document.docid for document in collection(entry(site)).corpus()] == list(TEXTS)


def test_a_file_of_another_length_is_refused(site: Site) -> None:
    with pytest.raises(UserError, match=r"test\.corpus\.tsv: 4 corpus, where the catalogue counts 7\. It is not the"):
        list(collection(entry(site, documents=7)).corpus())


def test_every_malformed_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "corpus.tsv"
    path.write_text('a\tone\nb\nc\ttwo\tthree\n\tnone\na\tagain\nd\t \ne e\tspaced\n"f\tunclosed\n', encoding="utf-8")
    with pytest.raises(UserError) as raised:
        read_pairs(path)
    assert [problem.removeprefix(f"{path}:") for problem in raised.value.problems] == [
        "2: expected an id and a text, found 1 columns.",
        "3: expected an id and a text, found 3 columns.",
        "4: the id or the text is empty.",
        "5: id 'a' was used before.",
        "6: the id or the text is empty.",
        "7: id 'e e' has white space; a run file cannot hold it.",
        "8: not tab-separated text (unexpected end of data).",
    ]


@pytest.mark.parametrize("pinned", [True, False])
def test_damage_is_named_and_mended_only_when_asked(
    site: Site, cache: Path, monkeypatch: pytest.MonkeyPatch, pinned: bool
) -> None:
    spec = entry(site, pinned=pinned)
    catalogue.entries.cache_clear()
    known = {**catalogue.entries(), spec.name: spec}
    monkeypatch.setattr(catalogue, "entries", lambda: known)
    prepared = command("data", "prepare", spec.name)
    assert prepared.status == 0, prepared.err
    assert "novel-town: 2 topics, 4 documents, 0.1 kB of data, licence CC0-1.0" in prepared.err
    assert re.search(r"corpus\.tsv .*\d+/\d+ bytes", prepared.err), "a bar for each file"
    assert "runs: given (depth 2); 4 candidates found" in prepared.out
    held = manifest.read().held["novel-town:test"]
    expected = hashlib.sha256(site.files["/corpus.tsv"]).hexdigest()
    assert held.files["corpus"] == expected
    assert command("data", "verify").out == "novel-town:test: as prepared\n"

    path = cache / "collections" / "novel-town" / "test.corpus.tsv"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"plain", b"plane"))
    actual = hashlib.sha256(path.read_bytes()).hexdigest()
    result = command("data", "verify")
    assert (result.status, result.out) == (2, "novel-town:test: damaged\n")
    assert result.problems == [
        f"{path}: damaged: sha256 expected {expected}, found {actual}. Fetch it anew with: rerankbench data prepare "
        "novel-town:test --again."
    ]
    asked = len(site.asked)
    if pinned:
        (problem,) = command("data", "prepare", spec.name).problems
        assert f"damaged: sha256 expected {expected}, found {actual}" in problem
    assert path.read_bytes() != whole
    assert len(site.asked) == asked
    again = command("data", "prepare", spec.name, "--again")
    assert again.status == 0, again.err
    assert f"{path}: removed, to be fetched anew" in again.err
    assert path.read_bytes() == whole
    assert command("data", "verify").out == "novel-town:test: as prepared\n"


def test_offline_it_says_what_is_missing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RERANKBENCH_OFFLINE", "1")
    with pytest.raises(UserError, match=r"/queries\.tsv: not here yet, and RERANKBENCH_OFFLINE"):
        list(collection(entry(site)).topics())
    assert not site.asked
