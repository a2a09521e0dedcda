"""Check one submission: everything that can be known without running anything of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from benchmark.collections.base import Hit
from benchmark.errors import UserError
from benchmark.evaluation.runfile import parse_run, split_metadata, strictly_decreasing
from benchmark.harness.record import PROTOCOL, QueryRecord
from benchmark.harness.record import SCHEMA as CELL_SCHEMA
from benchmark.hashing import sha256_bytes, sha256_json
from benchmark.schema import parse
from benchmark.submissions import flags, plain_yaml
from benchmark.submissions.limits import DESCRIPTION as DESCRIPTION_BYTES
from benchmark.submissions.limits import UNPACKED, entries, is_name, read_bounded, unpack
from benchmark.submissions.pack import shipped
from benchmark.submissions.record import DESCRIPTION, MOST, Submission, SubmittedRun, folder_part, moment
from benchmark.submissions.reference import Reference, reference
from benchmark.submissions.timed import read_timing
from benchmark.timing.record import Timing

SHOWN = 20
"""Problems listed of one run."""
FLOPS = 1e24
"""More floating-point operations than any query is believed to take."""


@dataclass(frozen=True)
class CheckedRun:
    """A run without a problem: what stood in its lines, and its metrics, computed here."""

    run: SubmittedRun
    records: tuple[QueryRecord, ...]
    text: str
    means: dict[str, float]
    order_sha256: str
    """Over collection, topics and rankings, whatever the scores are."""
    timing: Timing | None


@dataclass
class Report:
    """What a check found; ``submission`` is None where it could not be read.

    Attributes:
        problems: why it is refused, all of them; flags: what a reader has to know.
    """

    name: str
    submission: Submission | None = None
    runs: list[CheckedRun] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)


def check(folder: Path) -> Report:
    """Check a submission's folder; nothing is raised for what stands in it."""
    report = Report(plain(folder.name))
    try:
        files = entries(folder)
        report.submission = parse(
            Submission, plain_yaml.load(read_bounded(folder / DESCRIPTION, DESCRIPTION_BYTES), DESCRIPTION), DESCRIPTION
        )
        _check_whole(report, report.submission, files)
        for run in report.submission.runs:
            try:
                checked, found = _check_run(folder, report.submission, run)
                report.runs.append(checked)
                report.flags += [f"{run.file}: {flag}" for flag in found]
            except UserError as error:
                report.problems += [f"{run.file}: {problem}" for problem in error.problems[:SHOWN]]
    except UserError as error:
        report.problems += error.problems
    except Exception as error:  # noqa: BLE001  hostile input may break anything; it is that submission's problem alone
        report.problems.append(f"cannot be read ({type(error).__name__}: {error}).")
    # What stood in the files is untrusted, and so is where they lie.
    report.problems = [plain(problem.replace(f"{folder}/", "")) for problem in report.problems]
    report.flags = [plain(flag) for flag in report.flags]
    return report


def plain(text: str) -> str:
    """Printable and short: a report may be shown anywhere."""
    return "".join(char if char.isprintable() else "?" for char in text)[:500]


def _check_whole(report: Report, submission: Submission, files: Sequence[str]) -> None:
    """Names, and that exactly the files are there that belong there."""
    if not is_name(folder_part(submission.backbone)):
        report.problems.append(f"backbone '{submission.backbone}': cannot be part of a folder's name.")
    if report.name != submission.folder:
        report.problems.append(f"the folder must be named '{submission.folder}', not '{report.name}'.")
    expected = {DESCRIPTION}
    for run in submission.runs:
        expected |= set(run.files.values())
    report.problems += [f"{name}: missing." for name in sorted(expected - set(files))]
    report.problems += [f"{name}: does not belong into a submission." for name in sorted(set(files) - expected)]
    if len({run.request.identity for run in submission.runs}) < len(submission.runs):
        report.problems.append(f"{DESCRIPTION}: holds a run twice.")
    report.problems += _artefact_problems(submission)
    report.flags += flags.of_submission(submission)


def _artefact_problems(submission: Submission) -> list[str]:
    named = {item for run in submission.runs for item in run.request.method.artefacts.items()}
    given = {(artefact.option, artefact.sha256) for artefact in submission.artefacts}
    found = [f"artefact of option '{option}': not listed." for option, _ in sorted(named - given)]
    found += [f"artefact of option '{option}': no run uses it." for option, _ in sorted(given - named)]
    without = [artefact for artefact in submission.artefacts if artefact.url is None]
    ours = shipped(submission.method) if without else set()
    found += [
        f"artefact of option '{artefact.option}': is not shipped with the method; give its url."
        for artefact in without
        if artefact.sha256 not in ours
    ]
    return found


def _check_run(folder: Path, submission: Submission, run: SubmittedRun) -> tuple[CheckedRun, list[str]]:
    _check_request(submission, run)
    # Names are checked by now: only they are made into paths.
    known = reference(run.request.collection)
    most = _most(known)
    data = {what: unpack(folder / path, unpacked=most) for what, path in run.files.items()}
    hashes = {"run": run.run_sha256, "lines": run.lines_sha256, "timing": run.timing_sha256}
    problems = [
        f"{what}: sha256 is {sha256_bytes(content)}, not {hashes[what]} as {DESCRIPTION} says."
        for what, content in data.items()
        if sha256_bytes(content) != hashes[what]
    ]
    records, faults = _records(data["lines"], len(known.candidates))
    problems += faults or _against_reference(records, known)
    if not problems:
        problems += _against_run_file(records, data["run"], run)
    if problems:
        raise UserError(problems)
    by_qid = {record.qid: record for record in records}
    ordered = tuple(by_qid[qid] for qid in known.candidates)
    rankings = [[docid for docid, _ in record.ranking()] for record in ordered]
    order = sha256_json([run.request.collection.model_dump(mode="json"), rankings])
    timing = read_timing(data["timing"], run.request, known) if "timing" in data else None
    checked = CheckedRun(run, ordered, data["run"].decode("utf-8"), known.means(ordered), order, timing)
    return checked, flags.of_run(submission, run, ordered, known)


def _most(known: Reference) -> int:
    """Bytes that an honest file of this collection stays far below: what is larger is not read."""
    candidates = sum(map(len, known.candidates.values()))
    return min(UNPACKED, (1 << 20) + (1 << 16) * len(known.candidates) + (1 << 10) * candidates)


def _check_request(submission: Submission, run: SubmittedRun) -> None:
    request = run.request
    problems = []
    named = {"preset": request.method.preset, "collection": request.collection.name, "method": request.method.name}
    named |= {"split": request.collection.split, "first stage": request.collection.first_stage}
    problems += [f"{what} '{name}': not a name." for what, name in named.items() if not is_name(name)]
    if request.method.name != submission.method:
        problems.append(f"is of method '{request.method.name}', the submission of '{submission.method}'.")
    backbone = request.backbone.name if request.backbone else None
    if backbone != submission.backbone:
        problems.append(f"is on backbone '{backbone}', the submission on '{submission.backbone}'.")
    versions = {"protocol": (request.protocol, PROTOCOL), "schema_version": (request.schema_version, CELL_SCHEMA)}
    problems += [
        f"{what} {theirs}: this release reads {ours}. Run it again."
        for what, (theirs, ours) in versions.items()
        if theirs != ours
    ]
    for machine in (run.machine, *run.sessions):
        try:
            moment(machine.started)
        except ValueError as error:
            problems.append(f"started '{machine.started}': {error}.")
    if problems:
        raise UserError(problems)


def _records(data: bytes, topics: int) -> tuple[list[QueryRecord], list[str]]:
    """The lines, and what is wrong with them; nothing is parsed of a file that cannot be right."""
    records: list[QueryRecord] = []
    problems: list[str] = []
    if (lines := data.count(b"\n")) > 2 * topics:
        return records, [f"{lines} lines for {topics} topics."]
    for number, line in enumerate(data.splitlines(), 1):
        try:
            record = QueryRecord.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            problems.append(f"line {number}: {'.'.join(map(str, first['loc']))}: {first['msg']}.")
            continue
        if (record.scores is None) == (record.failure is None):
            problems.append(f"line {number}: a query has either scores or a failure.")
        elif not _possible(record):
            problems.append(f"line {number}: a count or time that cannot be.")
        records.append(record)
    return records, problems


def _possible(record: QueryRecord) -> bool:
    """Whether counts and times are none below 0 nor beyond belief, and no more answers have faults than were read."""
    counts = (
        record.seconds,
        record.prompt_tokens,
        record.completion_tokens,
        record.forward_passes,
        record.peak_memory_bytes or 0,
        record.dollars or 0,
        record.energy_joules or 0,
        record.answers,
        *record.phases.values(),
        *record.faults.values(),
    )
    if not 0 <= (record.flops or 0) <= FLOPS:
        return False
    faulty = max(record.faults.values(), default=0)
    return min(counts) >= 0 and max(counts) <= MOST and faulty <= record.malformed <= record.answers


def _against_reference(records: Sequence[QueryRecord], known: Reference) -> list[str]:
    """Each topic once, with exactly its candidates and a score for each."""
    problems = []
    seen: set[str] = set()
    for record in records:
        where = f"topic '{record.qid}'"
        candidates = known.candidates.get(record.qid)
        if candidates is None or record.qid in seen:
            problems.append(f"{where}: {'stands there twice' if candidates else 'is not in the collection'}.")
        elif record.docids != candidates:
            strange = sorted(set(record.docids) - set(candidates))
            what = f"'{strange[0]}' is not among the candidates" if strange else "not its candidates, in their order"
            problems.append(f"{where}: {what}.")
        elif record.scores is not None and len(record.scores) != len(candidates):
            problems.append(f"{where}: {len(record.scores)} scores for {len(candidates)} candidates.")
        elif any(not math.isfinite(score) or abs(score) > 3.4e38 for score in record.scores or ()):
            problems.append(f"{where}: a score is no single-precision number.")
        seen.add(record.qid)
    return problems + [f"topic '{qid}': has no line." for qid in known.candidates if qid not in seen]


def _against_run_file(records: Sequence[QueryRecord], data: bytes, run: SubmittedRun) -> list[str]:
    """The run file says what the lines say, and its header names this very request."""
    try:
        lines = data.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        return [f"run file: not UTF-8 at byte {error.start}."]
    header, body = split_metadata(lines, "run file")
    written = "\n".join(header).encode("utf-8")
    if len(written) > DESCRIPTION_BYTES:
        return [f"run file: its header is larger than {DESCRIPTION_BYTES} bytes."]
    metadata = plain_yaml.load(written, "run file: header")
    ours = metadata.get("rerankbench") if isinstance(metadata, dict) else None
    problems = []
    if not isinstance(ours, dict) or ours.get("identity") != run.request.identity:
        problems.append("run file: its ir_metadata header is not this request's.")
    expected = {
        record.qid: strictly_decreasing(Hit(docid, score) for docid, score in record.ranking())
        for record in records
        if record.failure is None
    }
    # A run of failures only has no line.
    listed = parse_run(body, "run file") if expected else {}
    if not expected and any(line.strip() for line in body):
        problems.append("run file: has lines, and every query failed.")
    for qid in sorted(expected.keys() | listed.keys()):
        theirs = [(hit.docid, np.float32(hit.score)) for hit in listed.get(qid, [])]
        if theirs != [(hit.docid, np.float32(hit.score)) for hit in expected.get(qid, [])]:
            problems.append(f"run file: topic '{qid}' is not ranked as its line says.")
    return problems
