"""Collections in one file of questions, each with its own paragraphs: what their formats have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from benchmark.collections.base import Collection, Document, FirstStage, Hit, Qrels, Topic
from benchmark.collections.reading import instances
from benchmark.errors import UserError, refuse
from benchmark.hashing import canonical_json, sha256_json
from benchmark.names import unknown

GIVEN = "given"
"""Name of the one first stage: the paragraphs in the order of their question."""


class Instance(BaseModel):
    """A record of a format that others publish: keys that are not read are no mistake, numbers may stand for ids."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


@dataclass(frozen=True)
class Paragraph:
    """A document as a question lists it.

    Attributes:
        grade: its judgement for this question; None where it has none.
    """

    docid: str
    title: str
    text: str
    grade: int | None


@dataclass(frozen=True)
class Question:
    """A topic with its paragraphs, in the order in which a method is given them.

    Attributes:
        elsewhere: relevant documents that are not among the paragraphs: judged, and never found.
    """

    qid: str
    text: str
    group: str | None
    paragraphs: tuple[Paragraph, ...]
    elsewhere: tuple[str, ...] = ()


def _all(split: str, question: Question) -> bool:
    del split, question
    return True


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        name: what it is called; marks: the keys that an instance is told by, in words.
        splits: what there is in a file.
        recognises: whether an instance is of this kind.
        question: reads an instance; given where it stands (for UserError) and its number, from 1.
        keeps: whether a question belongs to a split.
    """

    name: str
    marks: str
    splits: tuple[str, ...]
    recognises: Callable[[Mapping[str, Any]], bool]
    question: Callable[[Any, str, int], Question]
    keeps: Callable[[str, Question], bool] = _all


@dataclass(frozen=True)
class GivenOrder(FirstStage):
    """The order of the paragraphs in a file of questions.

    Attributes:
        lists: docids by qid; path is the file of questions and sha256 that of these lists.
    """

    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def read(self) -> dict[str, list[Hit]]:
        """See `FirstStage.read`; a score only says the place: 0, -1, -2, ..."""
        return {
            qid: [Hit(docid, float(-place)) for place, docid in enumerate(docids)] for qid, docids in self.lists.items()
        }


class QuestionsCollection(Collection):
    """One split of a file of questions; the file is read once, when something is asked for.

    A document that several questions list under one id and with the same text is one document. Where one id stands
    for different texts in a file, every document of the file is named ``<qid>__<id>``.

    Args:
        path: the file; form: its format; split: one of the format's.

    Raises:
        UserError: a split that the format does not have.
    """

    def __init__(self, path: Path, form: Format, split: str) -> None:
        if split not in form.splits:
            raise unknown(f"split of {path.name}, a file in {form.name} format:", split, form.splits)
        self.path = path
        self.form = form
        self.split = split
        self.name = _stem(path)
        self.title = self.name
        self.family = form.name
        self.relevant_from = 1

    @cached_property
    def revision(self) -> str:
        """sha256 over what was read: topics with their paragraphs and judgements, and documents."""
        content = hashlib.sha256()
        for question in self._questions:
            listed = [(paragraph.docid, paragraph.grade) for paragraph in question.paragraphs]
            record = [question.qid, question.text, question.group, listed, question.elsewhere]
            content.update(canonical_json(record).encode())
        for document in self._documents.values():
            content.update(canonical_json([document.docid, document.title, document.text]).encode())
        return content.hexdigest()

    def topics(self) -> Iterator[Topic]:
        """See `Collection.topics`."""
        for question in self._questions:
            yield Topic(question.qid, question.text, question.group)

    def documents(self, docids: Sequence[str]) -> list[Document]:
        """See `Collection.documents`."""
        self.check_corpus(docids, self._documents)
        return [self._documents[docid] for docid in docids]

    def corpus(self) -> Iterator[Document]:
        """See `Collection.corpus`."""
        return iter(self._documents.values())

    def qrels(self) -> Qrels:
        """See `Collection.qrels`."""
        return {
            question.qid: dict.fromkeys(question.elsewhere, 1)
            | {paragraph.docid: paragraph.grade for paragraph in question.paragraphs if paragraph.grade is not None}
            for question in self._questions
        }

    def first_stages(self) -> list[str]:
        """See `Collection.first_stages`: there is one."""
        return [GIVEN]

    def first_stage(self, name: str | None = None) -> FirstStage:
        """See `Collection.first_stage`."""
        if name not in (None, GIVEN):
            raise unknown(f"first stage of '{self.name}':", str(name), [GIVEN])
        lists = {question.qid: [paragraph.docid for paragraph in question.paragraphs] for question in self._questions}
        return GivenOrder(GIVEN, self.path, sha256_json(lists), lists=lists)

    @cached_property
    def _questions(self) -> list[Question]:
        found = _unambiguous(read_questions(self.path, self.form))
        kept = [question for question in found if self.form.keeps(self.split, question)]
        if not kept:
            raise UserError(f"{self.path}: none of its {len(found)} questions belongs to split '{self.split}'.")
        return kept

    @cached_property
    def _documents(self) -> dict[str, Document]:
        return {
            paragraph.docid: Document(paragraph.docid, paragraph.title, paragraph.text)
            for question in self._questions
            for paragraph in question.paragraphs
        }


def read_questions(path: Path, form: Format) -> list[Question]:
    """All questions of a file, in its order.

    A paragraph that a question lists more than once, with the same id and text, is kept at its first place with the
    highest of its grades.

    Raises:
        UserError: every malformed instance, with where it stands: fields that are missing or of the wrong kind,
            repeated qids, questions without paragraphs, ids that a run file cannot hold or that stand for two texts.
    """
    problems: list[str] = []
    questions: list[Question] = []
    seen: dict[str, str] = {}
    texts: dict[str, str] = {}
    for number, (where, instance) in enumerate(instances(path, problems), 1):
        if not isinstance(instance, dict):
            problems.append(f"{where}: not a JSON object.")
            continue
        try:
            question = _merged(form.question(instance, where, number), where, texts)
        except UserError as error:
            problems += error.problems
            continue
        if question.qid in seen:
            problems.append(f"{where}: question id '{question.qid}' was used before ({seen[question.qid]}).")
        seen.setdefault(question.qid, where)
        questions.append(question)
    if not questions and not problems:
        problems.append(f"{path}: holds no question.")
    refuse(str(path), problems)
    return questions


def _merged(question: Question, where: str, texts: dict[str, str]) -> Question:
    """The question with every document listed once; ``texts`` keeps one copy of a text that many questions share."""
    problems = []
    kept: dict[str, Paragraph] = {}
    for paragraph in question.paragraphs:
        before = kept.get(paragraph.docid)
        if before is None:
            text = texts.setdefault(paragraph.text, paragraph.text)
            kept[paragraph.docid] = replace(paragraph, text=text)
        elif (before.title, before.text) != (paragraph.title, paragraph.text):
            problems.append(f"{where}: id '{paragraph.docid}' stands for two different texts.")
        else:
            grades = [grade for grade in (before.grade, paragraph.grade) if grade is not None]
            kept[paragraph.docid] = replace(before, grade=max(grades, default=None))
    if not kept:
        problems.append(f"{where}: question '{question.qid}' has no paragraphs.")
    ids = [question.qid, *kept, *question.elsewhere]
    problems += [
        f"{where}: id {name!r} is empty or has white space; a run file cannot hold it."
        for name in ids
        if name.split() != [name]
    ]
    whole = "".join([question.text, *ids, *(paragraph.title + paragraph.text for paragraph in kept.values())])
    try:
        whole.encode()
    except UnicodeEncodeError as error:
        problems.append(f"{where}: has half of a surrogate pair, which is no text ({error.reason}).")
    if problems:
        raise UserError(problems)
    elsewhere = tuple(docid for docid in dict.fromkeys(question.elsewhere) if docid not in kept)
    return replace(question, paragraphs=tuple(kept.values()), elsewhere=elsewhere)


def _unambiguous(questions: list[Question]) -> list[Question]:
    """The same questions, with documents named by question too where an id alone does not tell them apart."""
    known: dict[str, tuple[str, str]] = {}
    clash = any(
        known.setdefault(paragraph.docid, (paragraph.title, paragraph.text)) != (paragraph.title, paragraph.text)
        for question in questions
        for paragraph in question.paragraphs
    )
    return [_prefixed(question) for question in questions] if clash else questions


def _prefixed(question: Question) -> Question:
    def named(docid: str) -> str:
        return f"{question.qid}__{docid}"

    return replace(
        question,
        paragraphs=tuple(replace(paragraph, docid=named(paragraph.docid)) for paragraph in question.paragraphs),
        elsewhere=tuple(named(docid) for docid in question.elsewhere),
    )


def _stem(path: Path) -> str:
    name = path.name.removesuffix(".gz")
    return name.removesuffix(".jsonl").removesuffix(".json")
