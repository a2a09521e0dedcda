"""Judgement files: TREC's four columns, or BEIR's three with a header."""

from __future__ import annotations

from pathlib import Path

from benchmark.errors import UserError

SHOWN = 10
"""Problems listed of one file."""


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Grade by qid and docid.

    Raises:
        UserError: no such file; or every malformed line and contradicting judgement, with its line number.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise UserError(f"{path}: no such judgement file.") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}.") from None
    qrels: dict[str, dict[str, int]] = {}
    problems = []
    for number, line in enumerate(lines, 1):
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
    if problems:
        rest = len(problems) - SHOWN
        raise UserError(problems[:SHOWN] + ([f"{path}: and {rest} more problems."] if rest > 0 else []))
    if not qrels:
        raise UserError(f"{path}: holds no judgement.")
    return qrels
