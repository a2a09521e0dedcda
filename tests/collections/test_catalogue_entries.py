"""The public collections of the catalogue, against the libraries that load them; nothing is fetched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from benchmark.collections.catalogue import entries
from benchmark.collections.ir_files import downloads
from benchmark.collections.irdatasets import EXCLUDED
from benchmark.collections.spec import CollectionSpec, FilesSource, IrDatasetsSource, MtebSource, RunSpec, SplitSpec

SPLITS = [(spec, name, split) for spec in entries().values() for name, split in spec.splits.items()]


def of_kind(kind: type) -> Iterator[tuple[CollectionSpec, str, SplitSpec]]:
    return ((spec, name, split) for spec, name, split in SPLITS if isinstance(split.source, kind))


def remote_runs() -> list[tuple[str, str, RunSpec]]:
    return [
        (spec.name, name, run) for spec, _, split in SPLITS for name, run in split.runs.items() if run.url is not None
    ]


@pytest.mark.parametrize(
    ("family", "number"),
    [
        ("BEIR", 30),
        ("TREC", 1),
        ("TREC DL", 5),
        ("BRIGHT", 32),
        ("NanoBEIR", 13),
        ("MLDR", 13),
        ("Novel", 2),
        ("Demo", 1),
    ],
)
def test_families(family: str, number: int) -> None:
    assert len([spec for spec in entries().values() if spec.family == family]) == number


def test_ir_datasets_knows_them_with_the_same_numbers() -> None:
    import ir_datasets

    metadata = json.loads((files("ir_datasets") / "etc" / "metadata.json").read_text(encoding="utf-8"))

    def counts(of: dict[str, Any], entity: str) -> dict[str, Any]:
        found = of.get(entity, {})
        return counts(metadata[found["_ref"]], entity) if "_ref" in found else found

    for spec, name, split in of_kind(IrDatasetsSource):
        assert isinstance(split.source, IrDatasetsSource)
        where = f"{spec.name}:{name}"
        assert split.source.id in ir_datasets.registry, where
        known = metadata[split.source.id]
        assert counts(known, "queries")["count"] == split.queries, where
        assert counts(known, "docs")["count"] == split.documents, where
        grades = counts(known, "qrels").get("fields", {}).get("relevance", {}).get("counts_by_value", {})
        judged = {int(grade) for grade in grades} - ({EXCLUDED} if spec.rules.drop_excluded else set())
        assert judged <= spec.grades.keys(), where
        assert sum(file.size or 0 for file in downloads(split.source.id)) == split.bytes, where


def test_mteb_knows_them_with_the_same_revisions_and_numbers() -> None:
    import mteb

    tasks: dict[str, Any] = {}
    for spec, name, split in of_kind(MtebSource):
        source = split.source
        assert isinstance(source, MtebSource)
        where = f"{spec.name}:{name}"
        task = tasks.setdefault(source.task, mteb.get_task(source.task))
        assert task.metadata.dataset["revision"] == source.revision, where
        assert source.split in task.metadata.eval_splits, where
        assert source.subset in task.metadata.hf_subsets, where
        statistics = task.metadata.descriptive_stats[source.split]
        statistics = statistics.get("hf_subset_descriptive_stats", {}).get(source.subset, statistics)
        assert _texts(statistics["queries_text_statistics"]) == split.queries, where
        assert _texts(statistics["documents_text_statistics"]) == split.documents, where
        parts = [statistics[f"{part}_text_statistics"]["total_text_length"] for part in ("queries", "documents")]
        assert sum(parts) == split.bytes, where


def _texts(statistics: dict[str, float]) -> int:
    """How many texts these are statistics of."""
    number = statistics["total_text_length"] / statistics["average_text_length"]
    assert number == pytest.approx(round(number), abs=1e-3)
    return round(number)


@pytest.mark.parametrize("spec", entries().values(), ids=lambda spec: spec.name)
def test_an_entry_is_consistent(spec: CollectionSpec) -> None:
    assert spec.relevant_from in spec.grades
    assert {split.source.kind for split in spec.splits.values()} == {next(iter(spec.splits.values())).source.kind}
    for split in spec.splits.values():
        gives = isinstance(split.source, FilesSource) and split.source.candidates
        expected = {"trec-dl-2023": "scoreddocs"}.get(spec.name, "given" if gives else "bm25s")
        assert spec.first_stage == expected or spec.first_stage in split.runs
    if spec.name != "demo":
        assert spec.citation
        assert spec.url
        assert spec.url.startswith(("https://", "http://"))


def test_published_bm25_has_a_source_with_its_commit() -> None:
    given = {name: spec.bm25 for name, spec in entries().items() if spec.bm25}
    assert len(given) == 25 + 4 + 5 + 12 + 2
    for name, bm25 in given.items():
        assert re.search(r"^https://github\.com/[^/]+/[^/]+/blob/[0-9a-f]{40}/", bm25.source), name


def test_runs_are_fetched_by_commit() -> None:
    runs = remote_runs()
    assert len({run.sha256 for _, _, run in runs}) == len(runs) == 6 * 3 + 2 * 3
    for collection, name, run in runs:
        assert run.bytes, (collection, name)
        commits = {re.search(r"/([0-9a-f]{40})/(.+)$", str(place)) for place in (run.url, run.origin)}
        assert len({match.groups() for match in commits if match}) == 1, (collection, name)
        assert None not in commits, (collection, name)


def test_files_are_fetched_by_commit() -> None:
    kept = []
    for spec, _, split in of_kind(FilesSource):
        assert isinstance(split.source, FilesSource)
        files = (split.source.corpus, split.source.queries, split.source.qrels)
        assert len({commit for file in files for commit in re.findall(r"/([0-9a-f]{40})/", file.url)}) == 1
        assert len({file.sha256 is None for file in files}) == 1
        kept += [spec.name] if files[0].sha256 else []
        if files[0].sha256:
            assert sum(file.bytes or 0 for file in files) == split.bytes
    assert kept == ["noveleval-2306"]


def test_rules_of_the_sets_whose_queries_are_documents() -> None:
    dropping = {name for name, spec in entries().items() if spec.rules.drop_own_id}
    assert dropping == {"beir-arguana", "beir-quora", "nano-arguana", "nano-quora"}
    excluding = {name for name, spec in entries().items() if spec.rules.drop_excluded}
    assert excluding == {name for name, spec in entries().items() if spec.family == "BRIGHT"}
