"""Training sets in Tevatron's form, such as Tevatron/msmarco-passage for MS MARCO: JSON lines with hard negatives."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from benchmark.collections.questions import Format, Instance, Paragraph, Question
from benchmark.errors import UserError
from benchmark.schema import parse


class _Passage(Instance):
    docid: str
    title: str | None = None
    text: str


class _Tevatron(Instance):
    query_id: str
    query: str
    positive_passages: tuple[_Passage, ...]
    negative_passages: tuple[_Passage, ...]


def question(instance: Any, where: str, number: int) -> Question:
    """An instance as a question: positive passages have grade 1, negative ones 0.

    The form has no order over both lists, and one that puts the positives first would give the answer away. So
    passages stand in the order of the sha256 of ``<query_id> <docid>``: a shuffle that is the same everywhere.
    """
    del number
    read = parse(_Tevatron, instance, where)
    both = {item.docid for item in read.positive_passages} & {item.docid for item in read.negative_passages}
    if both:
        raise UserError([f"{where}: passage '{docid}' is both positive and negative." for docid in sorted(both)])
    paragraphs = [
        Paragraph(item.docid, item.title or "", item.text, grade)
        for grade, passages in ((1, read.positive_passages), (0, read.negative_passages))
        for item in passages
    ]

    def place(paragraph: Paragraph) -> bytes:
        return sha256(f"{read.query_id} {paragraph.docid}".encode(errors="surrogatepass")).digest()

    return Question(read.query_id, read.query, None, tuple(sorted(paragraphs, key=place)))


def _recognises(instance: Mapping[str, Any]) -> bool:
    return "positive_passages" in instance


FORMAT = Format(
    name="Tevatron",
    marks="positive_passages and negative_passages",
    splits=("train",),
    recognises=_recognises,
    question=question,
)
