"""Find a collection by name: a catalogue entry, a dataset of a library, a folder, or a file of questions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path

from benchmark.collections.base import Collection
from benchmark.collections.by_hand import ByHandCollection
from benchmark.collections.files import FilesCollection
from benchmark.collections.folder import FolderCollection, splits
from benchmark.collections.formats import recognise
from benchmark.collections.questions import QuestionsCollection
from benchmark.collections.spec import (
    ByHandSource,
    CollectionSpec,
    FilesSource,
    FolderSource,
    IrDatasetsSource,
    MtebSource,
)
from benchmark.errors import UserError
from benchmark.names import canonical, did_you_mean, unknown
from benchmark.schema import read_catalogue

FOLDER = Path(__file__).parent / "catalogue"

LIBRARIES = {"ir-datasets/": "irdatasets", "mteb/": "mteb_tasks"}
"""What a name that is in no catalogue begins with, and the module whose ``by_name`` finds it."""


@cache
def entries() -> dict[str, CollectionSpec]:
    """Every catalogue entry by name; each is one YAML file."""
    return read_catalogue(CollectionSpec, FOLDER)


def entry(name: str) -> CollectionSpec | None:
    """The catalogue's entry of a collection, None for one that is in no catalogue."""
    return entries().get(canonical(name))


def find(name: str, split: str = "test") -> Collection:
    """The collection of that name, or the one in the folder or file of that path.

    What a file is, its content tells (see `formats`), not its name.

    Raises:
        UserError: unknown name (with the nearest one) or split; a file of no known format.
    """
    known = entries()
    if canonical(name) in known:
        spec = known[canonical(name)]
        if split not in spec.splits:
            raise unknown(f"split of collection '{spec.name}':", split, spec.splits)
        return _catalogued(spec, split)
    for prefix, module in LIBRARIES.items():
        if name.startswith(prefix):
            loader: Callable[[str, str], Collection] = import_module(f"benchmark.collections.{module}").by_name
            return loader(name.removeprefix(prefix), split)
    path = Path(name).expanduser()
    if path.is_dir():
        return _in_folder(path, split)
    if path.is_file():
        return QuestionsCollection(path, recognise(path), split)
    raise UserError(
        f"Unknown collection '{name}'. {did_you_mean(name, known)} A folder in the same format also works, "
        "a file of questions (docs/long-context.md), ir-datasets/<id> and mteb/<task>."
    )


def _catalogued(spec: CollectionSpec, split: str) -> Collection:
    """The collection of an entry. Libraries are imported when one of theirs is asked for."""
    match spec.splits[split].source:
        case FolderSource(folder=folder):
            return FolderCollection(FOLDER / folder, spec, split)
        case FilesSource() as source:
            return FilesCollection(source, spec, split)
        case ByHandSource() as source:
            return ByHandCollection(source, spec, split)
        case IrDatasetsSource(id=dataset, query_field=field):
            from benchmark.collections.irdatasets import IrDatasetsCollection

            return IrDatasetsCollection(dataset, spec, split, field)
        case MtebSource() as source:
            from benchmark.collections.mteb_tasks import MtebCollection

            return MtebCollection(source.task, source.subset, source.split, spec, split, source.revision)


def _in_folder(path: Path, split: str) -> Collection:
    """A folder with one folder a split, one as BEIR publishes them, or one without splits, which counts as test.

    One that is called as a catalogue entry is named apart, so that no page takes it for the entry.
    """
    name = path.resolve().name
    if canonical(name) in entries():
        name = f"local-{name}"
    if (path / split / "queries.jsonl").is_file():
        return FolderCollection(path / split, None, split, name)
    inner = sorted(found.parent.name for found in path.glob("*/queries.jsonl"))
    if inner:
        raise unknown(f"split of collection '{path.resolve().name}':", split, inner)
    published = splits(path)
    if published:
        if split not in published:
            raise unknown(f"split of collection '{path.resolve().name}':", split, published)
        return FolderCollection(path, None, split, name)
    if split != "test":
        raise UserError(
            f"Collection '{path.resolve().name}' has no {split} split: its folder is one set and counts as test. Put "
            f"the topics to learn from, with their documents, judgements and run, into a folder '{split}' in it."
        )
    return FolderCollection(path, None, split, name)
