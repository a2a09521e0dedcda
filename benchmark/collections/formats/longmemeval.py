"""LongMemEval (Wu et al. 2024, arXiv 2410.10813): find the rounds of a long conversation that answer a question.

Files ``longmemeval_s.json``, ``_m`` and ``_oracle`` of https://github.com/xiaowu0162/LongMemEval, as published and in
the cleaned edition of 2025.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmark.collections.questions import Format, Instance, Paragraph, Question
from benchmark.errors import UserError
from benchmark.schema import parse

DETECTION = "single-session-user"
"""QRHead (arXiv 2506.09944) detects heads on 70 questions of this type; the published files hold exactly 70."""

ABSTENTION = "_abs"
"""End of the id of a question that the conversation does not answer."""


class _Turn(Instance):
    role: str
    content: str
    has_answer: bool | None = None


class _LongMemEval(Instance):
    question_id: str
    question_type: str
    question: str
    haystack_session_ids: tuple[str, ...]
    haystack_sessions: tuple[tuple[_Turn, ...], ...]


def rounds(session: Sequence[_Turn]) -> Iterator[list[_Turn]]:
    """A user's turn with what follows up to the user's next; what stands before the first is a round of its own."""
    current: list[_Turn] = []
    for turn in session:
        if turn.role == "user" and current:
            yield current
            current = []
        current.append(turn)
    if current:
        yield current


def question(instance: Any, where: str, number: int) -> Question:
    """An instance as a question over its rounds.

    A round is named ``<session id>_<n>``, n from 1, and reads ``User: ...`` and ``Assistant: ...``, a line for each
    turn. QRHead's paper does not print its text of a round; dates are not in ours, since the same session has
    another date in another history. A round is relevant if one of its turns has the answer. An abstention question
    has no relevant round, whatever its turns say (LongMemEval leaves these questions out of retrieval too).
    """
    del number
    read = parse(_LongMemEval, instance, where)
    if len(read.haystack_session_ids) != len(read.haystack_sessions):
        raise UserError(
            f"{where}: question '{read.question_id}' has {len(read.haystack_sessions)} sessions and "
            f"{len(read.haystack_session_ids)} session ids."
        )
    answerable = not read.question_id.endswith(ABSTENTION)
    paragraphs = [
        Paragraph(
            f"{session_id}_{place}",
            "",
            "\n".join(f"{turn.role.capitalize()}: {turn.content.strip()}" for turn in turns),
            int(answerable and any(turn.has_answer for turn in turns)),
        )
        for session_id, session in zip(read.haystack_session_ids, read.haystack_sessions, strict=True)
        for place, turns in enumerate(rounds(session), 1)
    ]
    return Question(read.question_id, read.question, read.question_type, tuple(paragraphs))


def _recognises(instance: Mapping[str, Any]) -> bool:
    return "haystack_sessions" in instance


def _keeps(split: str, read: Question) -> bool:
    return split == "all" or (split == "detection") == (read.group == DETECTION)


FORMAT = Format(
    name="LongMemEval",
    marks="haystack_sessions",
    splits=("all", "detection", "test"),
    recognises=_recognises,
    question=question,
    keeps=_keeps,
)
