"""What a worker is told to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from benchmark.harness.record import CellRequest
from benchmark.schema import Strict

if TYPE_CHECKING:
    from benchmark.harness.plan import Planned


class Job(Strict):
    """A cell, or some of its queries, and how they are run."""

    request: CellRequest
    options: dict[str, Any]
    """Of the method, with the paths of artefacts."""
    backbone: str | None
    folder: Path | None
    collection: str
    results: Path
    threads: int
    command: str
    left_out: tuple[str, ...] = ()
    """Queries in whose course earlier workers died: not run, and the cell is left without a summary."""
    timed_out: tuple[str, ...] = ()
    """Queries at which earlier workers were stuck: recorded as failed and not run."""
    query_timeout: float | None = None
    """Seconds that those were given."""
    retry_failed: bool = False
    """Run queries anew that failed before."""
    energy: bool = False
    """Read the device's energy meter before and after each query."""
    deterministic: bool = False
    """Hold torch to algorithms that give the same bytes every time."""
    qids: frozenset[str] | None = None
    """Queries to run, None for all. Where others are missing then, the cell is left without a summary."""

    @classmethod
    def of(cls, planned: Planned, results: Path, threads: int, **more: Any) -> Self:
        """The job of a planned cell.

        Args:
            results: folder of all cells; threads: of this worker; more: further fields.
        """
        held = {
            "request": planned.request,
            "options": planned.options,
            "backbone": planned.backbone,
            "folder": planned.folder,
            "collection": planned.collection,
            "command": planned.command,
        }
        return cls(**{**held, "results": results, "threads": threads, **more})
