"""How far a run was checked, from maintainers' records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from benchmark.errors import UserError
from benchmark.harness.record import Machine, Standing, Trust
from benchmark.harness.store import write_atomic
from benchmark.hashing import sha256_json
from benchmark.schema import parse
from benchmark.submissions import plain_yaml
from benchmark.submissions.limits import DESCRIPTION, read_bounded
from benchmark.submissions.record import SubmittedRun, Verification, VerifiedRun


def read_records(folder: Path) -> list[Verification]:
    """Every record in a folder, none where there is no folder; UserError naming each that is none."""
    found: list[Verification] = []
    problems: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            found.append(parse(Verification, plain_yaml.load(read_bounded(path, DESCRIPTION), str(path)), str(path)))
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    return found


def write_record(record: Verification, folder: Path) -> Path:
    """Write a record under a name that follows from its content."""
    folder.mkdir(parents=True, exist_ok=True)
    values = record.model_dump(mode="json")
    path = folder / f"{record.submission}.{sha256_json(values)[:8]}.yaml"
    write_atomic(path, yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110))
    return path


def standing(
    name: str, sha256: str, run: SubmittedRun, records: Sequence[Verification], flags: Sequence[str]
) -> Standing:
    """What a row shows.

    A record counts for the very submission it was made of: another byte in ``submission.yaml``, which holds the hashes
    of all files, and it counts for nothing.

    Args:
        name: of the submission's folder; sha256: of its ``submission.yaml``.
    """
    checks, levels, found = [], {"submitted"}, list(flags)
    for record in records:
        if record.submission != name or record.submission_sha256 != sha256:
            continue
        for verified in record.runs:
            if verified.identity != run.request.identity:
                continue
            checks.append(_in_words(record, verified))
            if verified.agrees:
                levels.add(_level(verified, [run.machine, *run.sessions]))
            else:
                found.append(f"a re-run differs in {len(verified.differences)} of {verified.sample} queries")
    order: tuple[Trust, ...] = ("reproduced", "spot-checked", "submitted")
    differs = any("a re-run differs" in flag for flag in found)
    trust: Trust = "submitted" if differs else next(level for level in order if level in levels)
    return Standing(submission=name, trust=trust, checks=tuple(checks), flags=tuple(found))


def _level(verified: VerifiedRun, machines: Sequence[Machine]) -> Trust:
    if verified.sample < verified.queries or _place(verified.machine) in map(_place, machines):
        return "spot-checked"
    return "reproduced"


def _place(machine: Machine) -> tuple[object, ...]:
    return (machine.processor, machine.cores, machine.memory_bytes, machine.accelerator)


def _in_words(record: Verification, verified: VerifiedRun) -> str:
    agreeing = verified.sample - len(verified.differences)
    largest = "" if verified.largest is None else f", largest difference {verified.largest:.2g} of the spread"
    if verified.ndcg10 is not None:
        submitted, again = verified.ndcg10
        largest += f", nDCG@10 {again:.4f} where {submitted:.4f} was submitted"
    return (
        f"{record.date.isoformat()}, {record.by}: {agreeing} of {verified.sample} re-run queries agree "
        f"({verified.queries} in all{largest}; tolerance {record.tolerance:g}; seed {record.seed})"
    )
