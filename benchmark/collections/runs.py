"""The first-stage runs of one split: beside the catalogue, fetched from where they were published, or built here."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.collections.base import FirstStage, Hit
from benchmark.collections.reading import lines
from benchmark.collections.retrievers import BM25, buildable
from benchmark.collections.rules import NO_RULES, Rules
from benchmark.collections.spec import RunSpec
from benchmark.downloads import Progress, check, fetch, silent
from benchmark.errors import UserError, refuse
from benchmark.evaluation.runfile import read_metadata
from benchmark.hashing import sha256_file
from benchmark.names import unknown
from benchmark.paths import cache_root

Excluded = Callable[[], Mapping[str, frozenset[str]]]
"""Gives the docids that the collection excludes, by qid; called only where a rule needs them."""


class NotBuilt(UserError):
    """A run that is known and still to be built on this machine."""


@dataclass(frozen=True)
class RankLlmRun(FirstStage):
    """A run in rank_llm's JSON lines (``query.qid``, ``candidates[].docid``, ``candidates[].score``)."""

    def read(self) -> dict[str, list[Hit]]:
        """See `FirstStage.read`."""
        return read_rank_llm(self.path)


@dataclass(frozen=True)
class Runs:
    """Finds the runs of a split by name.

    Attributes:
        collection, split: whose they are; folder: where its files lie, None for a collection of a library.
        pinned: those of the catalogue; default: name of the one that is taken unless another is asked for.
        rules, excluded: see `Rules`.
        revision: `Collection.revision`, which a run that was built here must have been built from; None: any.
    """

    collection: str
    split: str
    folder: Path | None = None
    pinned: Mapping[str, RunSpec] = field(default_factory=dict)
    default: str | None = None
    rules: Rules = NO_RULES
    excluded: Excluded = dict
    revision: Callable[[], str] | None = None

    def names(self) -> list[str]:
        """Those there are, the default one first even if it is still to be built."""
        there = {*self.pinned, *self._in_folder(), *self.built()}
        first = {self.default} if self.default else set()
        return [*first, *sorted(there - first, key=lambda name: (not name.startswith("bm25"), name))]

    def find(self, name: str | None = None, progress: Progress = silent, *, anew: bool = False) -> FirstStage:
        """A run, fetched if it has to be; UserError for an unknown one, one to be built, and a damaged file.

        Args:
            anew: whether a damaged file is fetched again.
        """
        names = self.names()
        if not names and (name in (None, BM25[0]) or not buildable(str(name))):
            raise (NotBuilt if name in (None, BM25[0]) else UserError)(
                f"Collection '{self.collection}' ({self.split}) has no first-stage run. Put one beside its files as "
                f"run.<name>.trec, or build one: {self._build(BM25[0])}."
            )
        chosen = name or names[0]
        if chosen in self.pinned:
            run = self.pinned[chosen]
            path = self._pinned_file(run, progress, anew)
            kind = RankLlmRun if run.format == "rank-llm" else FirstStage
            return kind(chosen, path, run.sha256, self.rules, self._left_out(), run.depth)
        built, beside = self.built(), self._in_folder()
        if chosen in built and chosen not in beside:
            self._check_origin(built[chosen])
        found = {**built, **beside}
        if chosen in found:
            return FirstStage(chosen, found[chosen], sha256_file(found[chosen]), self.rules, self._left_out())
        if chosen == self.default or buildable(chosen):
            raise NotBuilt(
                f"Collection '{self.collection}' ({self.split}): run '{chosen}' is not built yet: "
                f"{self._build(chosen)}, or rerankbench data prepare for a whole suite."
            )
        raise unknown(f"first stage of '{self.collection}':", chosen, names)

    def built(self) -> dict[str, Path]:
        """Runs that were built on this machine, by name."""
        return {path.stem: path for path in sorted(self.workshop.glob("*.trec"))}

    @property
    def workshop(self) -> Path:
        """Where runs are built."""
        return cache_root() / "runs" / self.collection.replace("/", "--") / self.split

    def _pinned_file(self, run: RunSpec, progress: Progress, anew: bool) -> Path:
        if run.file is not None:
            assert self.folder is not None, "a run beside the catalogue needs a folder"
            path = self.folder / run.file
            if not path.is_file():
                raise UserError(f"{path}: is missing. Restore the file.")
            check(path, run.sha256, "Restore the file.")
            return path
        assert run.url is not None
        name = run.url.rpartition("/")[2]
        target = cache_root() / "runs" / "fetched" / f"{run.sha256[:12]}-{name}"
        return fetch(run.url, target, run.sha256, progress, anew=anew)

    def _in_folder(self) -> dict[str, Path]:
        if self.folder is None or self.pinned:
            return {}
        return {path.name[len("run.") : -len(".trec")]: path for path in sorted(self.folder.glob("run.*.trec"))}

    def _check_origin(self, path: Path) -> None:
        """UserError for a run that was built from other documents, topics or judgements, or another collection."""
        noted = read_metadata(path).get("data", {}).get("revision") if self.revision else None
        if self.revision and noted not in (None, self.revision()):
            raise UserError(
                f"{path}: was built from another version of collection '{self.collection}': revision expected "
                f"{self.revision()}, found {noted}. Build it again: {self._build(path.stem)}."
            )

    def _left_out(self) -> Mapping[str, frozenset[str]]:
        return self.excluded() if self.rules.drop_excluded else {}

    def _build(self, retriever: str) -> str:
        return f"rerankbench first-stage build {self.collection} --split {self.split} --retriever {retriever}"


def read_rank_llm(path: Path) -> dict[str, list[Hit]]:
    """Lists of a run in rank_llm's JSON lines by descending score; UserError with every malformed line."""
    problems: list[str] = []
    run: dict[str, list[Hit]] = {}
    for number, line in lines(path, problems):
        try:
            content = json.loads(line)
            qid = str(content["query"]["qid"])
            hits = [Hit(str(found["docid"]), float(found["score"])) for found in content["candidates"]]
        except (ValueError, KeyError, TypeError):
            problems.append(f"{path}:{number}: expected query.qid and candidates with docid and score.")
            continue
        if not all(math.isfinite(hit.score) for hit in hits):
            problems.append(f"{path}:{number}: a score of topic '{qid}' is not finite.")
        if qid in run:
            problems.append(f"{path}:{number}: topic '{qid}' was listed before.")
        if len({hit.docid for hit in hits}) < len(hits):
            problems.append(f"{path}:{number}: a document stands twice in the list of topic '{qid}'.")
        run[qid] = sorted(hits, key=lambda hit: -hit.score)
    refuse(str(path), problems)
    if not run:
        raise UserError(f"{path}: holds no list.")
    return run
