"""Files of ir-datasets: which a dataset takes, and that none is fetched offline."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmark.collections import catalogue, manifest
from benchmark.collections.ir_files import downloads, library
from benchmark.errors import UserError
from tests.support.command import command
from tests.support.libraries import lay_out_beir


@pytest.mark.parametrize(
    ("dataset", "names"),
    [
        ("beir/scifact/test", {"beir/scifact"}),
        ("beir/cqadupstack/gis", {"beir/cqadupstack"}),
        ("beir/webis-touche2020/v2", {"beir/webis-touche2020/v2"}),
        (
            "msmarco-passage-v2/trec-dl-2023/judged",
            {
                "msmarco-passage-v2/passages",
                "msmarco-passage-v2/dedup_positions",
                "msmarco-passage-v2/trec-dl-2023/queries",
                "msmarco-passage-v2/trec-dl-2023/qrels",
            },
        ),
    ],
)
def test_files_of_a_dataset(dataset: str, names: set[str]) -> None:
    found = downloads(dataset)
    assert {file.name for file in found} == names
    assert all(file.size for file in found)
    assert all(Path(library().util.home_path()) in file.path.parents for file in found)


def test_offline_nothing_is_asked_for(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RERANKBENCH_OFFLINE", "1")
    with pytest.raises(UserError, match=r"scidocs\.zip.*not here yet, and RERANKBENCH_OFFLINE or HF_HUB_OFFLINE"):
        list(catalogue.find("beir-scidocs").topics())


def test_offline_what_is_here_is_read(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out_beir()
    monkeypatch.setenv("RERANKBENCH_OFFLINE", "1")
    assert len(list(catalogue.find("ir-datasets/beir/scifact/test").topics())) == 3


LOOK_UP = """
from benchmark.collections import catalogue
print(catalogue.find("ir-datasets/beir/scifact/test").documents(["d1"])[0].docid)
"""


@pytest.mark.slow
def test_two_processes_build_a_store_once(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))
    lay_out_beir()
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [subprocess.Popen([sys.executable, "-c", LOOK_UP], **pipes) for _ in range(2)]
    said = [process.communicate() for process in started]
    assert [out for out, _ in said] == ["d1\n"] * 2
    assert sum(err.count("[starting] building docstore") for _, err in said) == 1


def test_a_download_that_changed_is_named_by_verify(cache: Path) -> None:
    lay_out_beir()
    name = "ir-datasets/beir/scifact/test"
    assert command("data", "prepare", name).status == 0
    (file,) = downloads("beir/scifact/test")
    assert set(manifest.read().held[f"{name}:test"].files) == {"beir/scifact"}
    whole = file.path.read_bytes()
    try:
        file.path.write_bytes(whole + b"x")
        (problem,) = command("data", "verify", name).problems
        assert problem.startswith(f"{file.path}: damaged: sha256 expected ")
    finally:
        file.path.write_bytes(whole)
    assert command("data", "verify", name).status == 0
