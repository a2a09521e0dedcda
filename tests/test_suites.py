"""Suites: of this project, and of a user's file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from benchmark import suites
from benchmark.backbones import catalogue as backbones
from benchmark.collections import catalogue as collections
from benchmark.collections import retrievers
from benchmark.errors import UserError
from benchmark.suites import SuiteCollection, SuiteMethod, entries, find
from methods import registry
from tests.support.collection import write_suite


@pytest.mark.parametrize("name", entries())
def test_every_name_in_a_suite_is_known(name: str) -> None:
    suite = find(name)
    for method in suite.methods:
        registry.find(method.method).options(method.preset, method.options)
    for backbone in suite.backbones:
        assert backbones.find(backbone).name == backbone
    for entry in suite.collections:
        spec = collections.entries()[entry.collection]
        runs = spec.splits[entry.split].runs
        for run in (stage or spec.first_stage for stage in entry.first_stages):
            buildable = {"given", "scoreddocs", *retrievers.BM25, *retrievers.known()}
            assert run in runs or run in buildable, f"{entry.collection} has no run '{run}', and it is not built here"
            assert run not in runs or max(suite.depth) <= runs[run].depth, entry.collection


@pytest.mark.parametrize("name", entries())
def test_no_cell_of_a_suite_is_asked_for_twice(name: str) -> None:
    suite = find(name)
    for listed in (suite.methods, suite.collections, suite.backbones):
        assert not [entry for entry in listed if listed.count(entry) > 1]


@pytest.mark.parametrize(
    ("name", "topics"),
    [("nano", 649), ("trec-dl", 2 * (43 + 54 + 53 + 76) + 82), ("bright", 1384)],
)
def test_topics_of_a_suite(name: str, topics: int) -> None:
    known = collections.entries()
    assert sum(known[entry.collection].splits[entry.split].queries for entry in find(name).collections) == topics


@pytest.mark.parametrize("name", ["icr-paper", "selective-paper"])
def test_wording_is_that_of_the_paper_for_each_set(name: str) -> None:
    """``experiments.py`` of both repositories asks a question for these and states a need for all others."""
    suite = find(name)
    held = [entry.collection for entry in suite.collections]
    questions = {"beir-trec-covid", "beir-fiqa", "beir-dbpedia-entity", "beir-nq"}
    kinds: dict[tuple[str, str], list[str]] = {}
    for entry in suite.methods:
        if entry.method in {"icr", "selective-icr"}:
            kind = getattr(registry.find(entry.method).options(entry.preset, entry.options), "kind")  # noqa: B009
            about = (entry.method, entry.preset.removesuffix("-ie"))
            for collection in held:
                if entry.runs_on(collection):
                    assert kind == ("qa" if collection in questions else "ie"), (entry, collection)
                    kinds.setdefault(about, []).append(collection)
    assert kinds
    assert all(sorted(covered) == sorted(held) for covered in kinds.values())


def test_methods_name_collections_of_their_suite(tmp_path: Path) -> None:
    path = write_suite(tmp_path / "mine.yaml", "demo")
    values = yaml.safe_load(path.read_text())
    values["methods"] = [{"method": "first-stage", "collections": ["demo", "beir-nq"]}]
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(UserError, match="methods name collections that the suite does not hold: beir-nq"):
        find(str(path))


@pytest.mark.parametrize("name", ["demo", "Demo", " DEMO "])
def test_names_are_found_however_they_are_spelt(name: str) -> None:
    assert find(name).name == "demo"


def test_a_file_is_a_suite(tmp_path: Path) -> None:
    suite = find(str(write_suite(tmp_path / "mine.yaml", "demo", ["icr:paper", "first-stage"], ["a/b"], depth=3)))
    assert suite.methods == (SuiteMethod(method="icr", preset="paper"), SuiteMethod(method="first-stage"))
    assert suite.collections == (SuiteCollection(collection="demo", split="test", first_stage=None),)
    assert (suite.backbones, suite.depth) == (("a/b",), (3,))


def test_unknown_suites_get_the_nearest_name() -> None:
    with pytest.raises(UserError, match=r"^Unknown suite 'dmeo'\. Did you mean 'demo'\? The path of a YAML file also"):
        find("dmeo")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"methods": []}, "'methods'"),
        ({"collections": []}, "'collections'"),
        ({"depth": 0}, r"'depth\.0': Input should be greater than 0"),
        ({"depth": []}, r"'depth': Tuple should have at least 1 item"),
        ({"backbone": ["a/b"]}, r"unknown option 'backbone'\. Did you mean 'backbones'\?"),
        ({"methods": [{"method": "icr", "presets": "paper"}]}, r"'methods\.0\.presets'\. Did you mean 'preset'\?"),
    ],
)
def test_files_that_make_no_sense_are_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    path = write_suite(tmp_path / "mine.yaml", "demo")
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))
    with pytest.raises(UserError, match=rf"mine\.yaml: .*{message}"):
        find(str(path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yml: no such file"):
        find(str(tmp_path / "none.yml"))


def test_name_and_file_name_must_be_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_suite(tmp_path / "other.yaml", "demo")
    monkeypatch.setattr(suites, "FOLDER", tmp_path)
    entries.cache_clear()
    try:
        with pytest.raises(UserError, match=r"other\.yaml: the entry is named 'small'"):
            entries()
    finally:
        entries.cache_clear()
