"""Data files of QRHead (arXiv 2506.09944): a question, paragraphs, and the ids of the relevant ones.

The form that exp_scripts/detection/detect_qrhead_lme.py and exp_scripts/retrieval/run_retrieval.py of
https://github.com/princeton-pli/QRHead (7a668e7) read: for NQ, LongMemEval and CLIPPER alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmark.collections.questions import Format, Instance, Paragraph, Question
from benchmark.schema import parse


class _Paragraph(Instance):
    idx: str
    paragraph_text: str
    title: str | None = None


class _QRHead(Instance):
    idx: str
    question: str
    paragraphs: tuple[_Paragraph, ...]
    gt_docs: tuple[str, ...]


def question(instance: Any, where: str, number: int) -> Question:
    """An instance as a question: paragraphs in ``gt_docs`` are relevant, the others are not judged.

    A relevant document that is not among the paragraphs counts as not found, as in their recall.
    """
    del number
    read = parse(_QRHead, instance, where)
    relevant = set(read.gt_docs)
    paragraphs = tuple(
        Paragraph(item.idx, item.title or "", item.paragraph_text.strip(), 1 if item.idx in relevant else None)
        for item in read.paragraphs
    )
    return Question(read.idx, read.question, None, paragraphs, read.gt_docs)


def _recognises(instance: Mapping[str, Any]) -> bool:
    return "paragraphs" in instance


FORMAT = Format(
    name="QRHead",
    marks="paragraphs with gt_docs",
    splits=("train",),
    recognises=_recognises,
    question=question,
)
