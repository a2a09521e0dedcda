"""TREC run files: six columns, with an optional ir_metadata header."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmark.collections.base import Hit
from benchmark.errors import UserError, refuse
from benchmark.evaluation.lines import numbered_lines

_START, _END = "# ir_metadata.start", "# ir_metadata.end"


def read_run(path: Path) -> dict[str, list[Hit]]:
    """Hits of each topic by descending score, topics in file order; equal scores stay in file order.

    Raises:
        UserError: no such file; or every malformed line, duplicate document or rank, and non-finite score.
    """
    problems: list[str] = []
    return _parse(numbered_lines(path, "run file", problems), str(path), problems)


def parse_run(lines: Iterable[str], name: str) -> dict[str, list[Hit]]:
    """As `read_run`, of lines; ``name`` is for messages."""
    return _parse(enumerate(lines, 1), name, [])


def _parse(lines: Iterable[tuple[int, str]], name: str, problems: list[str]) -> dict[str, list[Hit]]:
    run: dict[str, dict[str, float]] = {}
    ranks: dict[str, set[int]] = {}
    for number, line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split()
        try:
            qid, _, docid, rank, score, _ = fields
            value, place = float(score), int(rank)
        except ValueError:
            problems.append(f"{name}:{number}: expected 'qid Q0 docid rank score tag', found {line!r}.")
            continue
        if not math.isfinite(value):
            problems.append(f"{name}:{number}: score {score} of '{docid}' is not finite.")
        elif docid in run.setdefault(qid, {}):
            problems.append(f"{name}:{number}: '{docid}' stands twice in the list of topic '{qid}'.")
        elif place in ranks.setdefault(qid, set()):
            problems.append(f"{name}:{number}: rank {place} stands twice in the list of topic '{qid}'.")
        ranks.setdefault(qid, set()).add(place)
        run.setdefault(qid, {}).setdefault(docid, value)
    refuse(name, problems)
    if not run:
        raise UserError(f"{name}: holds no run line.")
    return {
        qid: [Hit(docid, score) for docid, score in sorted(hits.items(), key=lambda item: -item[1])]
        for qid, hits in run.items()
    }


def format_run(rankings: Mapping[str, Sequence[Hit]], tag: str, metadata: Mapping[str, Any] | None = None) -> str:
    """The text of a run file.

    Scores are written in single precision, as trec_eval reads them; where a score is not below the one before it
    (a tie, kept in the given order) the next smaller number is written, so that every evaluator reads the same
    order.

    Args:
        rankings: hits best first, by qid.
        tag: name of the run; white space becomes ``-``.
        metadata: contents of the ir_metadata header (https://www.ir-metadata.org), if any.
    """
    lines = []
    if metadata:
        header = yaml.safe_dump(dict(metadata), sort_keys=False, allow_unicode=True, width=1000)
        lines += [_START, *(f"# {line}" for line in header.splitlines()), _END]
    name = "-".join(tag.split())
    for qid, hits in rankings.items():
        for rank, hit in enumerate(strictly_decreasing(hits), 1):
            lines.append(f"{qid} Q0 {hit.docid} {rank} {_shortest(hit.score)} {name}")
    return "\n".join(lines) + "\n"


def _shortest(score: float) -> str:
    """The shortest decimal that gives the same single-precision number back."""
    return str(np.float32(score))


def read_metadata(path: Path) -> dict[str, Any]:
    """The ir_metadata header of a run file, empty if there is none; what comes after it is not read."""
    lines = (line for _, line in numbered_lines(path, "run file", []))
    header, _ = split_metadata([*takewhile(lambda line: line.startswith("#"), lines)], str(path))
    loaded: dict[str, Any] = yaml.safe_load("\n".join(header)) or {}
    return loaded


def split_metadata(lines: Sequence[str], name: str) -> tuple[list[str], list[str]]:
    """A run file's lines as YAML of its ir_metadata header and run lines; UserError for a header without an end."""
    if not lines or lines[0].strip() != _START:
        return [], list(lines)
    ends = [number for number, line in enumerate(lines) if line.strip() == _END]
    if not ends:
        raise UserError(f"{name}: the ir_metadata header has no end line.")
    return [line.removeprefix("# ") for line in lines[1 : ends[0]]], list(lines[ends[0] + 1 :])


def strictly_decreasing(hits: Iterable[Hit]) -> list[Hit]:
    """The same order, every score a single-precision number below the one before.

    trec_eval reads scores in single precision and sorts equal ones by document id; with this no two are equal to
    it.
    """
    out: list[Hit] = []
    for hit in hits:
        score = np.float32(hit.score)
        if out and score >= out[-1].score:
            score = np.nextafter(np.float32(out[-1].score), np.float32(-np.inf))
        out.append(Hit(hit.docid, float(score)))
    return out
