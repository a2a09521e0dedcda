"""Find a collection by name: a catalogue entry, or a folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from benchmark.collections.base import Collection
from benchmark.collections.folder import FolderCollection
from benchmark.collections.spec import CollectionSpec
from benchmark.errors import UserError
from benchmark.names import canonical, did_you_mean, unknown
from benchmark.schema import read_catalogue

FOLDER = Path(__file__).parent / "catalogue"


@cache
def entries() -> dict[str, CollectionSpec]:
    """Every catalogue entry by name; each is one YAML file."""
    return read_catalogue(CollectionSpec, FOLDER)


def find(name: str, split: str = "test") -> Collection:
    """The collection of that name, or the one in the folder of that path.

    Raises:
        UserError: unknown name (with the nearest one) or split.
    """
    known = entries()
    if canonical(name) in known:
        spec = known[canonical(name)]
        if split not in spec.splits:
            raise unknown(f"split of collection '{spec.name}':", split, spec.splits)
        return FolderCollection(FOLDER / spec.splits[split].folder, spec, split)
    path = Path(name).expanduser()
    if path.is_dir():
        return _in_folder(path, split)
    raise UserError(f"Unknown collection '{name}'. {did_you_mean(name, known)} A folder in the same format also works.")


def _in_folder(path: Path, split: str) -> Collection:
    """A folder with one folder a split, or one without splits, which counts as test."""
    if (path / split / "queries.jsonl").is_file():
        return FolderCollection(path / split, None, split, path.resolve().name)
    inner = sorted(found.parent.name for found in path.glob("*/queries.jsonl"))
    if inner:
        raise unknown(f"split of collection '{path.resolve().name}':", split, inner)
    if split != "test":
        raise UserError(
            f"Collection '{path.resolve().name}' has no {split} split: its folder is one set and counts as test. Put "
            f"the topics to learn from, with their documents, judgements and run, into a folder '{split}' in it."
        )
    return FolderCollection(path, None, split)
