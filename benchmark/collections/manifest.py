"""What of the public collections is on this machine, and whether it still is what it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock
from pydantic import Field

from benchmark.collections.base import Collection
from benchmark.collections.runs import NotBuilt
from benchmark.errors import SHOWN, UserError, refuse
from benchmark.paths import cache_root
from benchmark.schema import Strict, parse

BATCH = 1000
"""Documents that are looked up at a time."""


class Held(Strict):
    """One split that was prepared."""

    collection: str
    split: str
    revision: str
    """`Collection.revision` when it was prepared."""
    topics: int
    judged: int
    """Topics with a judgement; the others are ranked and not evaluated."""
    judgements: int
    runs: dict[str, str]
    """sha256 of each run by its name."""
    candidates: int
    """Documents of the default run's lists, all of them found in the corpus; 0 where no run is there yet."""


class Manifest(Strict):
    """Contents of ``collections.json`` in the cache."""

    held: dict[str, Held] = Field(default_factory=dict)
    """By ``collection:split``."""


def path() -> Path:
    """Where the manifest is."""
    return cache_root() / "collections.json"


def read() -> Manifest:
    """The manifest; an empty one where nothing was prepared yet."""
    try:
        return parse(Manifest, json.loads(path().read_text(encoding="utf-8")), str(path()))
    except FileNotFoundError:
        return Manifest()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path()}: not valid JSON ({error}). Delete it and repeat: rerankbench data prepare."
        ) from None


def prepare(collection: Collection) -> Held:
    """Get everything that re-ranking the split takes, and note it.

    Raises:
        UserError: something cannot be had, a candidate is missing in the corpus, or judgements name unknown topics.
    """
    found = look(collection)
    path().parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path().with_suffix(".lock")):
        held = {**read().held, key(collection): found}
        partial = path().with_suffix(".partial")
        partial.write_text(Manifest(held=held).model_dump_json(indent=1) + "\n", encoding="utf-8")
        partial.replace(path())
    return found


def look(collection: Collection) -> Held:
    """What is there now; see `prepare`."""
    topics = {topic.qid for topic in collection.topics()}
    qrels = collection.qrels()
    problems: list[str] = []
    where = key(collection)
    if not topics & qrels.keys():
        problems.append(f"{where}: no topic has a judgement.")
    strangers = sorted(qrels.keys() - topics)
    if strangers:
        problems.append(f"{where}: judgements for {len(strangers)} unknown topics: {_some(strangers)}.")
    runs, candidates = {}, 0
    for name in collection.first_stages():
        try:
            run = collection.first_stage(name)
            hits = run.hits()
        except NotBuilt:
            continue
        except UserError as error:
            problems += error.problems
            continue
        runs[name] = run.sha256
        strangers = sorted(hits.keys() - topics)
        if strangers:
            problems.append(f"{where}: run '{name}' lists {len(strangers)} unknown topics: {_some(strangers)}.")
        found, missing = _look_up(collection, sorted({hit.docid for listed in hits.values() for hit in listed}))
        if missing:
            problems.append(
                f"{where}: run '{name}' lists {len(missing)} documents that are not in the corpus: {_some(missing)}."
            )
        candidates = candidates or found
    refuse(where, problems)
    return Held(
        collection=collection.name,
        split=collection.split,
        revision=collection.revision,
        topics=len(topics),
        judged=len(topics & qrels.keys()),
        judgements=sum(map(len, qrels.values())),
        runs=runs,
        candidates=candidates,
    )


def _look_up(collection: Collection, docids: Sequence[str]) -> tuple[int, list[str]]:
    """How many documents are there, and which are not."""
    missing: list[str] = []
    for at in range(0, len(docids), BATCH):
        batch = docids[at : at + BATCH]
        try:
            collection.documents(batch)
        except UserError:
            missing += [docid for docid in batch if not _is_there(collection, docid)]
    return len(docids) - len(missing), missing


def _is_there(collection: Collection, docid: str) -> bool:
    try:
        collection.documents([docid])
    except UserError:
        return False
    return True


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def differences(before: Held, collection: Collection) -> list[str]:
    """What changed since the split was prepared, a sentence each; UserError for a file that is damaged or gone."""
    now = look(collection)
    where = key(collection)
    found = []
    if now.revision != before.revision:
        found.append(f"{where}: topics or judgements changed: expected {before.revision}, found {now.revision}.")
    for name, sha256 in before.runs.items():
        if name not in now.runs:
            found.append(f"{where}: run '{name}' is gone.")
        elif now.runs[name] != sha256:
            found.append(f"{where}: run '{name}' changed: sha256 expected {sha256}, found {now.runs[name]}.")
    return found


def key(collection: Collection) -> str:
    """Its place in the manifest."""
    return f"{collection.name}:{collection.split}"
