"""What ``--results`` names: a folder, or a URL that fsspec reaches."""

from __future__ import annotations

from pathlib import Path

from benchmark.harness.mirror import ObjectMirror, folder_of


def is_url(results: str) -> bool:
    """Whether it names a place that fsspec reaches, and no folder."""
    return "://" in results and not results.startswith("file://")


def at_hand(results: Path | str) -> Path:
    """A folder of this machine with the results: the folder itself, or what was fetched from the URL just now."""
    if isinstance(results, Path):
        return results
    mirror = reader(results)
    mirror.fetch()
    return mirror.folder


def reader(url: str) -> ObjectMirror:
    """A mirror with a folder of its own, so that looking is in nobody's way who runs cells on this machine."""
    return ObjectMirror(url, folder_of(url, "read"))
