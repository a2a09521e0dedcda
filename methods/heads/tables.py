"""Scores of every document by every head, kept by content: one pass over training data serves every method."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

import methods.in_context as in_context
from benchmark import backbones
from benchmark.backbones.attention.prompt import Prompt
from benchmark.hashing import sha256_json, sha256_sources
from methods.base import Candidate
from methods.in_context.reading import Reading
from methods.in_context.scoring import HeadTable

if TYPE_CHECKING:
    from torch import Tensor

    from benchmark.backbones.backbone import Backbone


class Layout(Protocol):
    """A way to put candidates into a prompt."""

    def read(self, backbone: Backbone, query: str, candidates: Sequence[Candidate]) -> Reading:
        """The prompt; documents in the order of the candidates."""

    def describe(self) -> dict[str, Any]:
        """Everything that the prompt and its spans depend on besides query and candidates, as JSON."""


@dataclass(frozen=True)
class HeadScores:
    """One query's table.

    Attributes:
        raw: ``[layers, heads, documents]`` float32; attention of the query's rows summed over each document.
        calibrated: the same minus the content-free query's, masked for each head apart.
    """

    raw: Tensor
    calibrated: Tensor


class HeadScorer:
    """Tables of one backbone; a table that was made before, by whichever method, is read and not made again.

    Args:
        backbone: the loaded LLM.
        folder: where tables are kept; None: nowhere.
    """

    def __init__(self, backbone: Backbone, folder: Path | None) -> None:
        self._backbone = backbone
        self._folder = folder
        self.made = 0
        """Tables that took a pass; the others were found."""

    def scores(self, layout: Layout, query: str, candidates: Sequence[Candidate]) -> HeadScores:
        """The table of a query, documents in the order of ``candidates`` (at least one).

        Raises:
            QueryError: the prompt is too long, or a candidate has no token.
        """
        path = self._path(layout, query, candidates)
        found = _read(path) if path else None
        if found is None:
            found = self._make(layout, query, candidates)
            self.made += 1
            if path:
                _write(path, found)
        return found

    def _make(self, layout: Layout, query: str, candidates: Sequence[Candidate]) -> HeadScores:
        reading = layout.read(self._backbone, query, candidates)
        table = HeadTable(reading.documents)
        reader = self._backbone.attention
        reader.read(Prompt(reading.prefix, [reading.query, reading.content_free]), reader.all_heads(), table)
        return HeadScores(table.raw, table.calibrated)

    def _path(self, layout: Layout, query: str, candidates: Sequence[Candidate]) -> Path | None:
        if self._folder is None:
            return None
        key = sha256_json(
            {
                "backbone": [self._backbone.name, self._backbone.revision, self._backbone.dtype],
                "chat": self._backbone.chat.model_dump(),
                "code": _code(),
                "layout": layout.describe(),
                "query": query,
                "candidates": [[candidate.title or "", candidate.text] for candidate in candidates],
            }
        )
        return self._folder / key[:2] / f"{key}.safetensors"


@cache
def _code() -> str:
    """sha256 of the code that makes tables."""
    folders = {"backbones": backbones, "in_context": in_context, "heads": None}
    hashes: dict[str, str] = {}
    for label, module in folders.items():
        file = module.__file__ if module else __file__
        assert file is not None
        hashes |= sha256_sources(Path(file).parent, label)
    return sha256_json(hashes)


def _read(path: Path) -> HeadScores | None:
    """A kept table; one that cannot be read (a crash while writing on an old disk) is made again."""
    try:
        tensors = load_file(path)
        return HeadScores(tensors["raw"], tensors["calibrated"])
    except (FileNotFoundError, SafetensorError, KeyError):
        return None


def _write(path: Path, scores: HeadScores) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    save_file({"raw": scores.raw.contiguous(), "calibrated": scores.calibrated.contiguous()}, partial)
    partial.replace(path)
