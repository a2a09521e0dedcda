"""The files that ir-datasets downloads for a dataset: where they lie, how large they are, and no download offline."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark.downloads import offline
from benchmark.errors import UserError
from benchmark.paths import cache_root


@dataclass(frozen=True)
class Download:
    """One file.

    Attributes:
        name: what the library calls it; path: where it lies once it is here; size: in bytes, None if not stated.
    """

    name: str
    path: Path
    size: int | None


def library() -> ModuleType:
    """ir-datasets, which downloads nothing where that is forbidden.

    Its files lie in ``IR_DATASETS_HOME``, else where it usually keeps them, else in our cache.
    """
    if not (Path.home() / ".ir_datasets").is_dir():
        os.environ.setdefault("IR_DATASETS_HOME", str(cache_root() / "ir-datasets"))
    found = import_module("ir_datasets")
    _guard(import_module("ir_datasets.util.download"))
    return found


@cache
def _guard(module: ModuleType) -> None:
    """Make the library's downloads ask whether they may; it has no setting for that."""
    for kind in (module.RequestsDownload, module.GoogleDriveDownload, module.GoogleCloudBucketStream):
        kind.stream = _asking(kind.stream)


def _asking(stream: Any) -> Any:
    @contextmanager
    def asked(download: Any) -> Iterator[Any]:
        if offline():
            raise UserError(
                f"{download!r}: not here yet, and RERANKBENCH_OFFLINE or HF_HUB_OFFLINE forbids to fetch it."
            )
        with stream(download) as opened:
            yield opened

    return asked


def downloads(dataset: str) -> list[Download]:
    """Files that a dataset takes: those named after it or after what contains it, and those of its whole collection.

    Args:
        dataset: an id of the library.
    """
    found = library()
    base, _, part = dataset.partition("/")
    listed = _listed().get(base, {})
    parts = {name.split("/")[1] for name in found.registry if name.startswith(f"{base}/")}
    home = Path(found.util.home_path()) / base
    return [
        Download(f"{base}/{name}", home / (about.get("cache_path") or name), about.get("size_hint"))
        for name, about in listed.items()
        if "url" in about and (name == part if part in listed else _belongs(name, part, parts))
    ]


def _belongs(name: str, part: str, parts: Collection[str]) -> bool:
    """Whether a file is of everything, of a part (``dev/qrels`` of ``dev/small``), or of something in it.

    Runs and training triples that come along are left out: nothing that is re-ranked needs them.
    """
    if name.rpartition("/")[2] in {"scoreddocs", "docpairs"}:
        return False
    if name.split("/")[0] not in parts:
        return True
    return f"{part}/".startswith((f"{name}/", f"{name.rpartition('/')[0]}/")) or f"{name}/".startswith(f"{part}/")


@cache
def _listed() -> dict[str, dict[str, dict[str, Any]]]:
    text = (files("ir_datasets") / "etc" / "downloads.json").read_text(encoding="utf-8")
    listed: dict[str, dict[str, dict[str, Any]]] = json.loads(text)
    return listed
