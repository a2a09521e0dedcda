"""Backbones behind servers, as a user's YAML file describes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.catalogue import find
from benchmark.backbones.loader import load
from benchmark.backbones.sources import prepare


def write_endpoint(path: Path, url: str, **changes: Any) -> Path:
    """A file for ``--backbone``; changes are those of its source, but for two fields of the whole entry."""
    entry: dict[str, Any] = {"name": "served", "title": "Served"}
    entry |= {field: changes.pop(field) for field in ("context_length", "chat_template") if field in changes}
    source = {"kind": "endpoint", "base_url": url, "model": "tiny", "attempts": 3, "timeout": 5.0}
    path.write_text(yaml.safe_dump(entry | {"sources": [source | changes]}))
    return path


def load_endpoint(folder: Path, url: str, **changes: Any) -> Backbone:
    """The backbone, ready to be asked."""
    selected = find(str(write_endpoint(folder / "served.yaml", url, **changes)))
    return load(selected, prepare(selected), needs=["generation"])
