"""Detection sets of CoRe (arXiv 2510.02219): a question, its positive paragraph and hard negatives.

The form that experiments/head_detection.py of https://github.com/linhhtran/CoRe-Reranking (dfa01a2) reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from benchmark.collections.questions import Format, Instance, Paragraph, Question
from benchmark.errors import UserError
from benchmark.schema import parse


class _Paragraph(Instance):
    paragraph_text: str
    title: str | None = None
    is_positive: bool
    is_negative: bool | None = None
    """Looked at only where ``is_positive`` is false."""


class _CoRe(Instance):
    question: str
    paragraphs: tuple[_Paragraph, ...]


def question(instance: Any, where: str, number: int) -> Question:
    """An instance as a question: positive paragraphs have grade 1, negative ones 0, the others none.

    The files have no ids. A question is named ``q<n>`` by its place in the file, from 1: there are files that hold
    a question several times, with its positive at another place. A paragraph is named by the start of its text's
    sha256, so that the same paragraph has the same name everywhere; where a question lists it again, ``-2``, ``-3``
    is added, since the official detection counts every copy.
    """
    read = parse(_CoRe, instance, where)
    missing = [
        f"{where}: 'paragraphs.{place}.is_negative' is required and missing."
        for place, item in enumerate(read.paragraphs)
        if not item.is_positive and item.is_negative is None
    ]
    if missing:
        raise UserError(missing)
    seen: Counter[str] = Counter()
    paragraphs = []
    for item in read.paragraphs:
        text = item.paragraph_text.strip()
        name = sha256(f"{item.title or ''}\n{text}".encode(errors="surrogatepass")).hexdigest()[:16]
        seen[name] += 1
        docid = name if seen[name] == 1 else f"{name}-{seen[name]}"
        grade = 1 if item.is_positive else 0 if item.is_negative else None
        paragraphs.append(Paragraph(docid, item.title or "", text, grade))
    return Question(f"q{number}", read.question, None, tuple(paragraphs))


def _recognises(instance: Mapping[str, Any]) -> bool:
    paragraphs = instance.get("paragraphs")
    return isinstance(paragraphs, list) and any(
        isinstance(item, dict) and not item.keys().isdisjoint({"is_positive", "is_negative"}) for item in paragraphs
    )


FORMAT = Format(
    name="CoRe",
    marks="paragraphs with is_positive",
    splits=("train",),
    recognises=_recognises,
    question=question,
)
