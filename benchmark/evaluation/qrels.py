"""Judgement files: TREC's four columns, or BEIR's three with a header."""

from __future__ import annotations

from pathlib import Path

from benchmark.errors import UserError, refuse
from benchmark.evaluation.lines import numbered_lines


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Grade by qid and docid.

    Raises:
        UserError: no such file; or every malformed line and contradicting judgement, with its line number.
    """
    qrels: dict[str, dict[str, int]] = {}
    problems: list[str] = []
    for number, line in numbered_lines(path, "judgement file", problems):
        fields = line.split()
        if not fields or fields[0] == "query-id":
            continue
        if len(fields) == 3:
            fields.insert(1, "0")
        try:
            qid, _, docid, written = fields
            grade = int(written)
        except ValueError:
            problems.append(f"{path}:{number}: expected 'qid 0 docid grade', found {line!r}.")
            continue
        if qrels.setdefault(qid, {}).setdefault(docid, grade) != grade:
            problems.append(f"{path}:{number}: '{docid}' is judged twice for topic '{qid}', with different grades.")
    refuse(str(path), problems)
    if not qrels:
        raise UserError(f"{path}: holds no judgement.")
    return qrels
