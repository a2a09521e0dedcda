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

FOUND = 20
"""Cells in a row that are found complete and told one by one."""

COLOUR = {"found": "green", "done": "green", "lost": "yellow", "failed": "red"}


class RunProgress:
    """Progress over all cells of a run; a context manager.

    The estimate of the time left uses the mean seconds of this run's queries, apart for methods with and without a
    backbone, and takes all workers to be busy until the end.
    """

    def __init__(self, cells: Sequence[Planned], console: Console, workers: int = 1) -> None:
        self._console = console
        self._workers = workers
        self._cells = len(cells)
        self._over = self._failures = self._queries = 0
        self._found = self._found_queries = 0
        self._started = time.monotonic()
        self._left = {True: 0, False: 0}
        for planned in cells:
            self._left[planned.backbone is not None] += planned.queries
        self._seconds: dict[bool, list[float]] = {True: [], False: []}
        self._last_line = time.monotonic()
        self._in_cell: dict[str, int] = {}
        self._running: dict[str, str] = {}
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
        self._tell_found()
        if not self._bar.disable:
            self._bar.stop()

    def cell_found(self, planned: Planned) -> None:
        """See `runner.Progress`. After the first few they are only counted: there may be very many."""
        self._over += 1
        self._found += 1
        self._left[planned.backbone is not None] -= planned.queries
        self._found_queries += planned.queries
        if self._found <= FOUND:
            self._say("found", f"{_title(planned)}: complete, not repeated")

    def cell_started(self, planned: Planned, done: int) -> None:
        """See `runner.Progress`."""
        self._tell_found()
        slug = planned.slug
        self._in_cell[slug] = done
        self._running[slug] = _title(planned)
        self._advance(planned, done)
        self._describe()
        resumed = f", {done} found" if done else ""
        if not self._console.is_terminal:
            self._say("start", f"{_title(planned)}: {planned.queries} queries{resumed}")

    def query_done(self, planned: Planned, seconds: float, failure: str | None) -> None:
        """See `runner.Progress`."""
        self._in_cell[planned.slug] += 1
        self._queries += 1
        self._failures += failure is not None
        self._seconds[planned.backbone is not None].append(seconds)
        self._advance(planned, 1)
        if failure:
            self._say("failed", f"{_title(planned)}: {failure}")
        if not self._console.is_terminal and time.monotonic() - self._last_line > LINE_EVERY:
            self._last_line = time.monotonic()
            done = self._in_cell[planned.slug]
            self._say("", f"{_title(planned)}: {done}/{planned.queries} queries, {self._standing()}")

    def worker_lost(self, planned: Planned, why: str) -> None:
        """See `runner.Progress`."""
        self._say("lost", f"{_title(planned)}: a worker was lost ({why})")

    def cell_ended(self, planned: Planned, problem: str | None) -> None:
        """See `runner.Progress`."""
        slug = planned.slug
        self._over += 1
        self._running.pop(slug, None)
        self._describe()
        if problem:
            self._say("failed", f"{_title(planned)}: {problem}")
        elif self._in_cell.get(slug) == planned.queries:
            self._say("done", _title(planned))

    def _tell_found(self) -> None:
        """What was found and not told yet."""
        more, self._found = self._found - FOUND, 0
        if more > 0:
            self._say("found", f"{more} more cells: complete, not repeated")
        if self._found_queries:
            self._bar.update(self._task, advance=self._found_queries, left=self._standing())
            self._found_queries = 0

    def _say(self, word: str, text: str) -> None:
        """One line; ``text`` may hold anything (a method's exception, say), so it is neither markup nor folded."""
        line = Text.assemble((f"{word:<6} ", COLOUR.get(word, "")), text)
        self._console.print(line, highlight=False, soft_wrap=True)

    def _advance(self, planned: Planned, queries: int) -> None:
        self._left[planned.backbone is not None] -= queries
        self._bar.update(self._task, advance=queries, left=self._standing())

    def _describe(self) -> None:
        self._bar.update(self._task, description=escape("; ".join(self._running.values())))

    def _standing(self) -> str:
        """Cells, speed, failures and time left, as far as there are any."""
        parts = [f"cell {min(self._over + 1, self._cells)}/{self._cells}"]
        if self._queries:
            parts.append(f"{self._queries / max(1e-9, time.monotonic() - self._started):.2f} queries/s")
        if self._failures:
            parts.append(f"{self._failures} failed")
        return ", ".join([*parts, *filter(None, [self._estimate()])])

    def _estimate(self) -> str:
        left = 0.0
        for kind, queries in self._left.items():
            if queries and not self._seconds[kind]:
                return ""
            left += queries * sum(self._seconds[kind]) / max(1, len(self._seconds[kind]))
        left /= self._workers
        return f"about {int(left) // 60}:{int(left) % 60:02d} left"


def _title(planned: Planned) -> str:
    method = planned.request.method
    name = method.name if method.preset == "default" else f"{method.name}:{method.preset}"
    backbone = f" on {planned.request.backbone.name}" if planned.request.backbone else ""
    return f"{name}{backbone}, {planned.request.collection.name}"
