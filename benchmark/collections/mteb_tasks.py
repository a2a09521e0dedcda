"""Retrieval and re-ranking tasks of the library mteb."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from benchmark.collections.base import Document, FirstStage, Qrels, Topic
from benchmark.collections.library import LibraryCollection
from benchmark.collections.questions import GIVEN, GivenOrder
from benchmark.collections.spec import CollectionSpec
from benchmark.downloads import offline
from benchmark.errors import UserError
from benchmark.hashing import sha256_json
from benchmark.names import unknown

PREFIX = "mteb/"
"""Before the name of a task that is in no catalogue."""


class MtebCollection(LibraryCollection):
    """One subset and split of a task.

    Args:
        task: such as ``NanoSciFactRetrieval``; subset: such as ``default``; part: the task's own split, which
            need not be called as ours; revision: of the dataset, None: whichever the library has.

    Raises:
        UserError: mteb has no such task, or has it at another revision.
    """

    def __init__(
        self,
        task: str,
        subset: str,
        part: str,
        spec: CollectionSpec | None,
        split: str,
        revision: str | None = None,
    ) -> None:
        super().__init__(PREFIX + task, spec, split, "mteb")
        self.task, self.subset, self.part = task, subset, part
        self.dataset_revision = str(self._task.metadata.dataset["revision"])
        if revision not in (None, self.dataset_revision):
            raise UserError(
                f"Collection '{self.name}': catalogued at revision {revision} of its dataset, the installed mteb has "
                f"{self.dataset_revision}. Install the mteb of constraints.txt."
            )

    def topics(self) -> Iterator[Topic]:
        """See `Collection.topics`; an instruction stands before the query's text, as mteb joins them."""
        for row in self._data["queries"]:
            instruction = row.get("instruction")
            yield Topic(str(row["id"]), f"{row['text']} {instruction}" if instruction else row["text"])

    def documents(self, docids: Sequence[str]) -> list[Document]:
        """See `Collection.documents`; the corpus stays in the library's file and rows are read from it."""
        self.check_corpus(docids, self._rows)
        corpus = self._data["corpus"]
        return [_document(corpus[self._rows[docid]]) for docid in docids]

    def corpus(self) -> Iterator[Document]:
        """See `Collection.corpus`."""
        return (_document(row) for row in self._data["corpus"])

    def qrels(self) -> Qrels:
        """See `Collection.qrels`."""
        return {
            str(qid): {str(docid): int(grade) for docid, grade in grades.items()}
            for qid, grades in self._data["relevant_docs"].items()
        }

    def pins(self) -> dict[str, Any]:
        """Task, subset and split, and the revision of the dataset."""
        return {"mteb": [self.task, self.subset, self.part, self.dataset_revision]}

    def first_stages(self) -> list[str]:
        """See `Collection.first_stages`: a re-ranking task gives its candidates itself."""
        return [GIVEN] if self._gives_candidates else super().first_stages()

    def first_stage(self, name: str | None = None) -> FirstStage:
        """See `Collection.first_stage`."""
        if not self._gives_candidates or name not in (None, GIVEN):
            return super().first_stage(name)
        lists = {str(qid): list(map(str, docids)) for qid, docids in self._data["top_ranked"].items()}
        return GivenOrder(GIVEN, self._runs.workshop, sha256_json(lists), lists=lists)

    def excluded(self) -> Mapping[str, frozenset[str]]:
        """What a task's list of allowed documents leaves out: so mteb expresses BRIGHT's excluded ids."""
        allowed = self._data["top_ranked"]
        if allowed is None:
            return {}
        everything = frozenset(self._rows)
        return {str(qid): everything - frozenset(map(str, docids)) for qid, docids in allowed.items()}

    @property
    def _gives_candidates(self) -> bool:
        """Whether the task's lists are candidates, and not all documents but the excluded ones."""
        excludes = self.spec is not None and self.spec.rules.drop_excluded
        return not excludes and self._data["top_ranked"] is not None

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {str(docid): row for row, docid in enumerate(self._data["corpus"]["id"])}

    @cached_property
    def _data(self) -> Any:
        task = self._task
        try:
            task.load_data()
            # Tasks that load their data in the old form; nothing to do for the others.
            task.convert_v1_dataset_format_to_v2(num_proc=None)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            where = "RERANKBENCH_OFFLINE or HF_HUB_OFFLINE is set" if offline() else "check the connection"
            raise UserError(
                f"Collection '{self.name}': mteb could not load task '{self.task}' ({reason}); {where}."
            ) from error
        try:
            return task.dataset[self.subset][self.part]
        except KeyError:
            there = [f"{subset}/{part}" for subset, parts in task.dataset.items() for part in parts]
            raise UserError(
                f"Task '{self.task}' has no subset '{self.subset}' with split '{self.part}'. It has: "
                f"{', '.join(there)}."
            ) from None

    @cached_property
    def _task(self) -> Any:
        if offline():
            # The libraries look at this when they are imported.
            os.environ.setdefault("HF_HUB_OFFLINE", "1")
        import mteb
        from mteb.abstasks.retrieval import AbsTaskRetrieval

        try:
            found = mteb.get_task(self.task)
        except KeyError as error:
            # mteb names the nearest ones.
            raise UserError(f"Unknown mteb task '{self.task}'. {error.args[0]}") from None
        if not isinstance(found, AbsTaskRetrieval):
            raise UserError(f"mteb task '{self.task}' is no retrieval or re-ranking task, so nothing can be re-ranked.")
        return found


def by_name(name: str, split: str) -> MtebCollection:
    """A task that is in no catalogue, as ``task`` or ``task/subset``.

    Where a task has a single split of another name, that is what is measured and counts as test.
    """
    task, _, subset = name.partition("/")
    found = MtebCollection(task, subset or "default", split, None, split)
    parts = list(found._task.metadata.eval_splits)
    if split not in parts:
        if split != "test" or len(parts) > 1:
            raise unknown(f"split of mteb task '{task}':", split, parts)
        found.part = parts[0]
    return found


def _document(row: Mapping[str, Any]) -> Document:
    return Document(str(row["id"]), row.get("title") or "", row["text"] or "")
