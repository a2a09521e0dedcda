"""Progress of a run in the terminal: a live bar, or plain lines where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.text import Text

from benchmark.harness.plan import Planned

LINE_EVERY = 10.0
"""Seconds between plain progress lines."""

COLOUR = {"found": "green", "done": "green", "failed": "red"}


class RunProgress:
    """Progress over all cells of a run; a context manager.

    The estimate of the time left uses the mean seconds of this run's queries, apart for methods with and without a
    backbone.
    """

    def __init__(self, cells: Sequence[Planned], console: Console) -> None:
        self._console = console
        self._left = {True: 0, False: 0}
        for planned in cells:
            self._left[planned.backbone is not None] += planned.queries
        self._seconds: dict[bool, list[float]] = {True: [], False: []}
        self._last_line = time.monotonic()
        self._in_cell = 0
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=sum(self._left.values()), left="")

    def __enter__(self) -> RunProgress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def cell_found(self, planned: Planned) -> None:
        """See `runner.Progress`."""
        self._advance(planned, planned.queries)
        self._say("found", f"{_title(planned)}: complete, not repeated")

    def cell_started(self, planned: Planned, done: int) -> None:
        """See `runner.Progress`."""
        self._in_cell = done
        self._advance(planned, done)
        self._bar.update(self._task, description=escape(_title(planned)))
        resumed = f", {done} found" if done else ""
        if not self._console.is_terminal:
            self._say("start", f"{_title(planned)}: {planned.queries} queries{resumed}")

    def query_done(self, planned: Planned, seconds: float, failure: str | None) -> None:
        """See `runner.Progress`."""
        self._in_cell += 1
        self._seconds[planned.backbone is not None].append(seconds)
        self._advance(planned, 1)
        if failure:
            self._say("failed", f"{_title(planned)}: {failure}")
        if not self._console.is_terminal and time.monotonic() - self._last_line > LINE_EVERY:
            self._last_line = time.monotonic()
            self._say("", f"{_title(planned)}: {self._in_cell}/{planned.queries} queries, {self._estimate()}")

    def cell_ended(self, planned: Planned, problem: str | None) -> None:
        """See `runner.Progress`."""
        if problem:
            self._say("failed", f"{_title(planned)}: {problem}")
        elif self._in_cell == planned.queries:
            self._say("done", _title(planned))

    def _say(self, word: str, text: str) -> None:
        """One line; ``text`` may hold anything (a method's exception, say), so it is neither markup nor folded."""
        line = Text.assemble((f"{word:<6} ", COLOUR.get(word, "")), text)
        self._console.print(line, highlight=False, soft_wrap=True)

    def _advance(self, planned: Planned, queries: int) -> None:
        self._left[planned.backbone is not None] -= queries
        self._bar.update(self._task, advance=queries, left=self._estimate())

    def _estimate(self) -> str:
        left = 0.0
        for kind, queries in self._left.items():
            if queries and not self._seconds[kind]:
                return ""
            left += queries * sum(self._seconds[kind]) / max(1, len(self._seconds[kind]))
        return f"about {int(left) // 60}:{int(left) % 60:02d} left"


def _title(planned: Planned) -> str:
    method = planned.request.method
    name = method.name if method.preset == "default" else f"{method.name}:{method.preset}"
    backbone = f" on {planned.request.backbone.name}" if planned.request.backbone else ""
    return f"{name}{backbone}, {planned.request.collection.name}"
