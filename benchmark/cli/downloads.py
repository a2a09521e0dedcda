"""Progress bars of downloads and of runs that are built."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TaskID, TextColumn


class Downloads:
    """Bars on a console while the block runs: one for each file, and one for each thing that is counted."""

    def __init__(self, console: Console) -> None:
        self._bytes = Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=console)
        self._counts = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console)
        self._files: dict[str, TaskID] = {}
        self._shown: Progress | None = None

    def __enter__(self) -> Downloads:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self._shown.stop()

    def show(self, name: str, done: int, total: int | None) -> None:
        """How far the download of a file is; see `benchmark.downloads.Progress`."""
        self._on(self._bytes)
        if name not in self._files:
            self._files[name] = self._bytes.add_task(name)
        self._bytes.update(self._files[name], completed=done, total=total)

    def counted(self, what: str) -> Callable[[int], None]:
        """A function that is told how many are done."""
        task: list[TaskID] = []

        def update(done: int) -> None:
            self._on(self._counts)
            if not task:
                task.append(self._counts.add_task(what, total=None))
            self._counts.update(task[0], completed=done)

        return update

    def _on(self, progress: Progress) -> None:
        """A console shows one live display at a time."""
        if self._shown is not progress:
            if self._shown:
                self._shown.stop()
            progress.start()
            self._shown = progress
