"""What of the public collections is on this machine, and whether it still is what it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock
from pydantic import Field

from benchmark.collections.base import Collection, NotInCorpus, Qrels
from benchmark.collections.by_hand import NotHere
from benchmark.collections.runs import NotBuilt
from benchmark.errors import SHOWN, UserError, refuse, some
from benchmark.hashing import sha256_file
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
    depths: dict[str, int] = Field(default_factory=dict)
    """Documents in the longest list of each run."""
    files: dict[str, str] = Field(default_factory=dict)
    """sha256 of each file that was fetched for documents, topics and judgements, by its name."""
    unjudged: tuple[str, ...] = ()
    """The first topics without a judgement."""
    asked: str | None = None
    """The path by which it was found, of a collection without another name."""
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


def prepare(collection: Collection, asked: str | None = None) -> Held:
    """Get everything that re-ranking the split takes, and note it.

    Args:
        asked: the path by which the collection was found, if any.

    Raises:
        UserError: something cannot be had, a candidate is missing in the corpus, or judgements name unknown topics.
    """
    found = look(collection).model_copy(update={"asked": asked})
    path().parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path().with_suffix(".lock")):
        held = {**read().held, key(collection): found}
        partial = path().with_suffix(".partial")
        partial.write_text(Manifest(held=held).model_dump_json(indent=1) + "\n", encoding="utf-8")
        partial.replace(path())
    return found


def look(collection: Collection) -> Held:
    """What is there now; see `prepare`."""
    problems: list[str] = []
    where = key(collection)
    topics: set[str] = set()
    qrels: Qrels = {}
    try:
        topics = {topic.qid for topic in collection.topics()}
    except NotHere:
        raise
    except UserError as error:
        problems += error.problems
    try:
        qrels = collection.qrels()
    except UserError as error:
        problems += error.problems
    refuse(where, list(dict.fromkeys(problems)))
    if not topics & qrels.keys():
        problems.append(f"{where}: no topic has a judgement.")
    strangers = sorted(qrels.keys() - topics)
    if strangers:
        problems.append(f"{where}: judgements for {len(strangers)} unknown topics: {some(strangers)}.")
    runs, depths, candidates = {}, {}, 0
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
        depths[name] = max(map(len, hits.values()), default=0)
        deep = sorted(qid for qid, listed in hits.items() if run.depth and len(listed) > run.depth)
        if deep:
            problems.append(
                f"{where}: run '{name}' lists more than its {run.depth} documents for {len(deep)} topics: {some(deep)}."
            )
        strangers = sorted(hits.keys() - topics)
        if strangers:
            problems.append(f"{where}: run '{name}' lists {len(strangers)} unknown topics: {some(strangers)}.")
        found, missing = _look_up(collection, sorted({hit.docid for listed in hits.values() for hit in listed}))
        if missing:
            problems.append(
                f"{where}: run '{name}' lists {len(missing)} documents that are not in the corpus: {some(missing)}."
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
        depths=depths,
        files={name: sha256_file(path) for name, path in collection.fetched_files().items()},
        unjudged=tuple(sorted(topics - qrels.keys())[:SHOWN]),
        candidates=candidates,
    )


def _look_up(collection: Collection, docids: Sequence[str]) -> tuple[int, list[str]]:
    """How many documents are there, and which are not."""
    missing: list[str] = []
    for at in range(0, len(docids), BATCH):
        batch = docids[at : at + BATCH]
        try:
            collection.documents(batch)
        except NotInCorpus as error:
            missing += error.missing
    return len(docids) - len(missing), missing


def differences(before: Held, collection: Collection) -> list[str]:
    """What changed since the split was prepared, a sentence each; UserError for a file that is damaged or gone."""
    found = damaged(before, collection)
    if found:
        # What a damaged file holds is not worth reading.
        return list(found.values())
    now = look(collection)
    where = key(collection)
    if now.revision != before.revision:
        return [f"{where}: documents, topics or judgements changed: expected {before.revision}, found {now.revision}."]
    sentences = []
    for name, sha256 in before.runs.items():
        if name not in now.runs:
            sentences.append(f"{where}: run '{name}' is gone.")
        elif now.runs[name] != sha256:
            sentences.append(f"{where}: run '{name}' changed: sha256 expected {sha256}, found {now.runs[name]}.")
    return sentences


def damaged(before: Held, collection: Collection) -> dict[str, str]:
    """Files that were fetched and are not what they were, by name, a sentence each."""
    there = collection.fetched_files()
    found = {}
    for name, sha256 in before.files.items():
        if name not in there:
            continue
        actual = sha256_file(there[name])
        if actual != sha256:
            found[name] = (
                f"{there[name]}: damaged: sha256 expected {sha256}, found {actual}. Fetch it anew with: "
                f"rerankbench data prepare {key(collection)} --again."
            )
    return found


def discard_damaged(collection: Collection) -> list[str]:
    """Remove the fetched files that are not what they were when they were prepared; a sentence for each."""
    before = read().held.get(key(collection))
    if before is None:
        return []
    found = damaged(before, collection)
    there = collection.fetched_files()
    for name in found:
        there[name].unlink()
    return [f"{there[name]}: removed, to be fetched anew" for name in found]


def key(collection: Collection) -> str:
    """Its place in the manifest."""
    return f"{collection.name}:{collection.split}"
