"""From finished cells to a submission's folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import yaml

from benchmark.artefacts import Header, is_artefact, read_artefact
from benchmark.errors import UserError
from benchmark.harness.store import LINES, REQUEST, RUN, TIMING, Cell, read_cell, read_cells
from benchmark.hashing import sha256_bytes, sha256_file
from benchmark.submissions.limits import pack
from benchmark.submissions.record import (
    DESCRIPTION,
    RUNS,
    ArtefactReference,
    Submission,
    SubmittedRun,
)
from methods import registry

SOURCES = {"run": RUN, "lines": LINES, "timing": TIMING}
"""Which file of a cell each file of a submitted run is packed from."""


def finished_cells(results: Sequence[Path]) -> tuple[list[Cell], list[Cell]]:
    """Complete cells of results folders or of single cell folders, and those that are not; UserError for no complete
    one."""
    cells: list[Cell] = []
    for folder in results:
        inside = (folder / REQUEST).is_file()
        cells += [read_cell(folder)] if inside else read_cells(folder)
    found = [cell for cell in cells if _is_finished(cell)]
    if not found:
        raise UserError("There is no finished cell to submit. Run a suite to its end first: rerankbench run nano.")
    return found, [cell for cell in cells if not _is_finished(cell)]


def _is_finished(cell: Cell) -> bool:
    return cell.summary is not None and cell.machine is not None and (cell.folder / RUN).is_file()


def submissions(
    cells: Sequence[Cell],
    *,
    contact: str,
    licence: str,
    training_data: Sequence[str] = (),
    urls: Mapping[str, str] | None = None,
) -> list[tuple[Submission, list[Cell]]]:
    """One submission for each method and backbone, with its cells in the order of its runs.

    Args:
        contact, licence: see `Submission`.
        training_data: declared besides what the cells' artefacts say.
        urls: of artefacts that are not shipped with their method, by option.

    Raises:
        UserError: a cell twice; an artefact without a URL.
    """
    groups: dict[tuple[str, str | None], dict[str, Cell]] = defaultdict(dict)
    for cell in cells:
        backbone = cell.request.backbone.name if cell.request.backbone else None
        found = groups[cell.request.method.name, backbone]
        if cell.request.identity in found:
            raise UserError(f"{cell.folder}: the same cell as {found[cell.request.identity].folder}. Name one of them.")
        found[cell.request.identity] = cell
    out = []
    for (method, backbone), by_identity in groups.items():
        ordered = sorted(by_identity.values(), key=lambda cell: cell.request.slug)
        card, card_sha256 = _card(method)
        out.append(
            (
                Submission(
                    date=max(date.fromisoformat(run.finished[:10]) for run in map(_run, ordered)),
                    method=method,
                    card=card,
                    card_sha256=card_sha256,
                    backbone=backbone,
                    contact=contact,
                    licence=licence,
                    training_data=tuple(sorted({*training_data, *_learnt_from(ordered)})),
                    artefacts=_artefacts(method, ordered, urls or {}),
                    runs=tuple(map(_run, ordered)),
                ),
                ordered,
            )
        )
    return out


def refuse_existing(packed: Sequence[tuple[Submission, Sequence[Cell]]], out: Path) -> None:
    """UserError naming every folder that is there already, before any is written."""
    folders = [out / submission.folder for submission, _ in packed]
    if problems := [f"{folder}: exists. Remove it, or choose another --out." for folder in folders if folder.exists()]:
        raise UserError(problems)


def write(submission: Submission, cells: Sequence[Cell], out: Path) -> Path:
    """Write the submission's folder below ``out``, where there is none yet."""
    folder = out / submission.folder
    (folder / RUNS).mkdir(parents=True)
    for run, cell in zip(submission.runs, cells, strict=True):
        for what, path in run.files.items():
            (folder / path).write_bytes(pack((cell.folder / SOURCES[what]).read_bytes()))
    text = yaml.safe_dump(submission.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=110)
    # Last: a folder without it is no submission.
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")
    return folder


def shipped(method: str) -> dict[str, Header]:
    """The artefacts in a method's own folder, by sha256; empty for a method that is not known here."""
    if method not in registry.plugins():
        return {}
    folders = (registry.find(method).folder / "artefacts").glob("*")
    headers = [read_artefact(folder).header for folder in sorted(folders) if is_artefact(folder)]
    return {header.sha256: header for header in headers}


def _run(cell: Cell) -> SubmittedRun:
    assert cell.machine is not None
    assert cell.summary is not None
    return SubmittedRun(
        request=cell.request,
        machine=cell.machine,
        sessions=cell.sessions,
        finished=cell.summary.finished,
        weight_bytes=cell.summary.memory.weights if cell.summary.memory else None,
        process_peak=cell.summary.memory.process_peak if cell.summary.memory else None,
        load_seconds=cell.summary.load_seconds,
        run_sha256=sha256_bytes((cell.folder / RUN).read_bytes()),
        lines_sha256=sha256_bytes((cell.folder / LINES).read_bytes()),
        timing_sha256=sha256_bytes((cell.folder / TIMING).read_bytes()) if cell.timing else None,
    )


def _card(method: str) -> tuple[str, str]:
    plugin = registry.find(method)
    here = plugin.package.startswith("methods.")
    path = f"methods/{plugin.folder.name}/card.yaml" if here else f"{plugin.package}: card.yaml"
    return path, sha256_file(plugin.folder / "card.yaml")


def _learnt_from(cells: Sequence[Cell]) -> set[str]:
    return {data.source for cell in cells if cell.summary for data in cell.summary.training}


def _artefacts(method: str, cells: Sequence[Cell], urls: Mapping[str, str]) -> tuple[ArtefactReference, ...]:
    named = sorted({item for cell in cells for item in cell.request.method.artefacts.items()})
    ours = shipped(method)
    missing = [option for option, sha256 in named if sha256 not in ours and option not in urls]
    if missing:
        raise UserError(
            [
                f"Artefact of option '{option}': say where it can be had: --artefact {option}=https://..."
                for option in missing
            ]
        )
    return tuple(
        ArtefactReference(option=option, sha256=sha256, url=None if sha256 in ours else urls[option])
        for option, sha256 in named
    )
