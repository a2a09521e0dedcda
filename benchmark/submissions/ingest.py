"""Check all submissions, and write the good ones' runs as cells that the leaderboard reads."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmark.errors import UserError
from benchmark.harness import store
from benchmark.harness.store import pretty, write_atomic
from benchmark.harness.summary import summarise
from benchmark.hashing import sha256_file
from benchmark.names import unknown
from benchmark.submissions.record import DESCRIPTION, RECORDS, Verification
from benchmark.submissions.reference import reference
from benchmark.submissions.training import training
from benchmark.submissions.trust import standing
from benchmark.submissions.validate import CheckedRun, Report, check, plain

FEW = 20
"""Submissions that are checked in this process, because others take longer to start than to do it."""
NAMED = 3
"""Other submissions that a flag names."""


def folders(root: Path, only: Sequence[str] = ()) -> list[Path]:
    """Folders of submissions; UserError for a name in ``only`` that there is none of."""
    if root.is_symlink() or not root.is_dir():
        raise UserError(f"{root}: no folder of submissions.")
    found = {path.name: path for path in sorted(root.iterdir()) if path.is_dir() and path.name != RECORDS}
    for name in only:
        if name not in found:
            raise unknown("submission", name, found)
    return [path for name, path in found.items() if not only or name in only]


def check_all(paths: Sequence[Path], jobs: int = 1) -> Iterator[Report]:
    """A report for each, in order; one that is bad changes nothing for the others."""
    if jobs == 1 or len(paths) <= FEW:
        yield from map(check, paths)
        return
    # Fresh processes: torch's and numba's threads do not survive a fork.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(check, paths, chunksize=max(1, min(50, len(paths) // (4 * jobs))))


def flag_copies(reports: Sequence[Report]) -> None:
    """Flag runs that rank every topic as a run of another submission does, under whatever name.

    Which of them was first, nothing in a submission can prove, so all are flagged.
    """
    good = [report for report in reports if not report.problems]
    orders = [(report.name, checked.order_sha256) for report in good for checked in report.runs]
    told = iter(copies(orders))
    for report in good:
        for checked, flag in zip(report.runs, told, strict=False):
            if flag:
                report.flags.append(f"{checked.run.file}: {flag}")


def copies(orders: Sequence[tuple[str, str]]) -> list[str]:
    """What is to be said of each run of which another submission has the same order; empty for the others.

    Args:
        orders: submission and ``order_sha256`` of each run.
    """
    names: dict[str, set[str]] = defaultdict(set)
    for name, order in orders:
        names[order].add(name)
    told = []
    for name, order in orders:
        others = sorted(names[order] - {name})
        more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
        told.append(f"ranks every topic exactly as {', '.join(others[:NAMED])}{more}" if others else "")
    return told


def accept(root: Path, report: Report, records: Sequence[Verification], out: Path) -> list[Path]:
    """`write_cells` for a good submission; what breaks in it becomes its problem and leaves nothing behind."""
    if report.problems:
        return []
    try:
        return write_cells(root, report, records, out)
    except Exception as error:  # noqa: BLE001  as in `check`: it is that submission's problem alone
        report.problems.append(plain(f"cannot be summarised ({type(error).__name__}: {error})."))
        for checked in report.runs:
            shutil.rmtree(_cell_folder(out, report, checked), ignore_errors=True)
        return []


def write_cells(root: Path, report: Report, records: Sequence[Verification], out: Path) -> list[Path]:
    """The runs of a submission without problems as cell folders below ``out``; their summaries are computed here."""
    assert report.submission is not None
    assert not report.problems
    sha256 = sha256_file(root / report.name / DESCRIPTION)
    written = []
    for checked in report.runs:
        folder = _cell_folder(out, report, checked)
        folder.mkdir(parents=True, exist_ok=True)
        run = checked.run
        known = reference(run.request.collection)
        summary = summarise(
            run.request,
            checked.records,
            known.collection,
            run.finished,
            run.weight_bytes,
            run.load_seconds,
            training(report.submission, run),
            run.process_peak,
        )
        told = [flag.removeprefix(f"{run.file}: ") for flag in report.flags if _concerns(flag, report, checked)]
        texts = {
            store.REQUEST: pretty(run.request.model_dump(mode="json")),
            store.MACHINE: pretty(run.machine.model_dump(mode="json")),
            store.LINES: "".join(record.model_dump_json() + "\n" for record in checked.records),
            store.RUN: checked.text,
            store.SUMMARY: pretty(summary.model_dump(mode="json")),
            store.STANDING: pretty(standing(report.name, sha256, run, records, told).model_dump(mode="json")),
        }
        if run.sessions:
            texts[store.SESSIONS] = "".join(machine.model_dump_json() + "\n" for machine in run.sessions)
        if checked.timing:
            texts[store.TIMING] = pretty(checked.timing.model_dump(mode="json"))
        for name, text in texts.items():
            write_atomic(folder / name, text)
        written.append(folder)
    return written


def _cell_folder(out: Path, report: Report, checked: CheckedRun) -> Path:
    return out / f"{report.name}.{checked.run.file}"


def _concerns(flag: str, report: Report, checked: CheckedRun) -> bool:
    """Whether a flag is about this run or about the whole submission."""
    others = {other.run.file for other in report.runs} - {checked.run.file}
    return not any(flag.startswith(f"{name}: ") for name in others)


def markdown(reports: Iterable[Report]) -> str:
    """What was found, for a comment on a pull request; everything that stood in files is quoted as code."""
    lines = ["## Submissions", ""]
    for report in reports:
        verdict = "refused" if report.problems else "accepted"
        lines += [f"### {_code(report.name)}: {verdict}", ""]
        lines += [f"- problem: {_code(problem)}" for problem in report.problems]
        lines += [f"- flag: {_code(flag)}" for flag in report.flags]
        if not report.problems:
            lines += ["", "| run | queries | nDCG@10, recomputed |", "|---|---:|---:|"]
            lines += [
                f"| {_code(checked.run.file)} | {len(checked.records)} | {checked.means['nDCG@10']:.4f} |"
                for checked in report.runs
            ]
        lines.append("")
    return "\n".join(lines)


def _code(text: str) -> str:
    return "`" + text.replace("`", "'").replace("|", "/") + "`"
