"""Zips: of a run's files, and of everything; the same bytes for the same content."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO

from benchmark.harness.store import bytes_of
from leaderboard import addresses
from leaderboard.export import LICENCE
from leaderboard.output import Content

LEVEL = 1
"""Of compression: three times as fast as the usual one for a tenth more bytes."""

SMALL = 2000
"""Bytes from which on a file is compressed: below, that takes more time than it is worth."""

README = f"""Data of the rerankbench leaderboard

tables/                   every table of every page, as CSV and JSON; those of runs are in the runs' zips, as CSV;
                          and BibTeX entries for the rows of the overview
leaderboard.json          every run, with the address of its zip and the hashes of the files in it
leaderboard.schema.json   what leaderboard.json holds (JSON Schema)
runs/                     a zip for each run: run.trec (the ranking), queries.jsonl (what happened in each query),
                          request.json, machine.json, summary.json and so on (what was asked, on what it ran, and all
                          metrics of all queries), and the table of its queries as CSV

A run's zip, unpacked into a folder of its own below results/, is what rerankbench wrote: rerankbench leaderboard build
--results results shows it again.

The numbers are under {LICENCE}. The runs keep their submitters' licences.
"""

Source = str | bytes
"""Content of a member."""


def holds(path: str) -> bool:
    """Whether a file of the site belongs in the zip of everything; what `addresses.RECORD` repeats does not."""
    return path.startswith(f"{addresses.DATA}/") and not path.endswith(".jsonl")


def everything(files: Mapping[str, str]) -> Content:
    """The zip of files, given by their path in the site and where they are now, with a README."""
    places = {path.removeprefix(f"{addresses.DATA}/"): place for path, place in files.items()}
    return partial(_to_file, places=places)


def of_run(files: Iterable[tuple[str, Source]]) -> bytes:
    """The zip of a run's files."""
    out = io.BytesIO()
    write(out, files)
    return out.getvalue()


def write(out: BinaryIO, members: Iterable[tuple[str, Source]]) -> None:
    """Write a zip, one member after the other; what is a zip itself is not compressed again.

    No time of writing and no file mode of this machine is in it.
    """
    with zipfile.ZipFile(out, "w") as archive:
        for name, source in members:
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = 0o644 << 16
            data = source.encode("utf-8", "replace") if isinstance(source, str) else source
            stored = len(data) < SMALL or name.endswith(".zip")
            archive.writestr(info, data, zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED, LEVEL)


def _to_file(out: Path, places: Mapping[str, str]) -> None:
    with out.open("wb") as stream:
        write(stream, ((name, _content(name, places)) for name in sorted([*places, "README.txt"])))


def _content(name: str, places: Mapping[str, str]) -> Source:
    return bytes_of(places[name]) if name in places else README
