"""What is offered of a run for download: the files of its folder, in a zip of its own. Pure but for reading them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.harness import store
from leaderboard.stamps import Known, files_of

FILES = (
    store.RUN,
    store.LINES,
    store.REQUEST,
    store.MACHINE,
    store.SESSIONS,
    store.SUMMARY,
    store.TIMING,
    store.STANDING,
)
"""What is offered of a run, where its folder has it."""


@dataclass(frozen=True)
class DataFile:
    """A file of a run that the site offers; ``size`` in bytes."""

    name: str
    size: int
    sha256: str


def of(known: Known) -> tuple[DataFile, ...]:
    """What is offered of a run's folder, of which this is known."""
    return tuple(DataFile(*each) for each in files_of(known))


def contents(folder: Path, files: tuple[DataFile, ...]) -> dict[str, bytes]:
    """Content of each by its name."""
    return {file.name: store.bytes_of(f"{folder}/{file.name}") for file in files}
