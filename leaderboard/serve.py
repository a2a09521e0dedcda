"""Show a site on this machine, and build it again when its results change."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

from benchmark.errors import UserError
from leaderboard.site import build, is_site

HOST = "127.0.0.1"
"""Never reachable from another machine."""

LOOK = 1.0
"""Seconds between two looks at the results."""


class Handler(SimpleHTTPRequestHandler):
    """Files of the site and nothing else: no folder listings, no guessing of types by the browser."""

    extensions_map = {  # noqa: RUF012  declared by the base class
        **SimpleHTTPRequestHandler.extensions_map,
        ".html": "text/html; charset=utf-8",
        ".csv": "text/csv; charset=utf-8",
        ".xml": "application/atom+xml",
    }

    def end_headers(self) -> None:
        """Add the headers that every answer has; a rebuilt site shows at once."""
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def list_directory(self, path: Any) -> None:
        """Refuse: a folder without an index page is not a page."""
        del path
        self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal belongs to the command."""


def make_server(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of the site in ``folder``, bound to `HOST` but not yet running.

    Args:
        port: 0 lets the system choose; see ``server_address``.

    Raises:
        UserError: the folder is not a site, or the port cannot be used.
    """
    if not is_site(folder):
        raise UserError(f"{folder}: no site here. Build one first: rerankbench leaderboard build.")
    try:
        return ThreadingHTTPServer((HOST, port), partial(Handler, directory=str(folder)))
    except (OSError, OverflowError) as error:
        raise UserError(f"Port {port} on {HOST} cannot be used ({error}). Choose another one.") from None


def serve(
    folder: Path,
    port: int,
    announce: Callable[[str], None] = print,
    results: Sequence[Path] = (),
    submissions: Sequence[Path] = (),
) -> None:
    """Serve the site in ``folder`` until Ctrl-C.

    Args:
        port: see `make_server`; announce: receives what happens, in sentences.
        results, submissions: where given, the site is built first, and again whenever something changes in them.

    Raises:
        UserError: see `make_server`, and `site.build` for the first build; a later one that fails is announced, and
            leaves the site as it was.
    """
    sources = [*results, *submissions]
    seen = fingerprint(sources)
    if sources:
        build(results, folder, submissions=submissions)
    with make_server(folder, port) as server:
        announce(f"The leaderboard is at http://{HOST}:{server.server_address[1]}/ until Ctrl-C.")
        stop = Event()
        watcher = Thread(target=_watch, args=(folder, results, submissions, seen, announce, stop), daemon=True)
        if sources:
            watcher.start()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return
        finally:
            stop.set()
            if sources:
                watcher.join()


def fingerprint(folders: Sequence[Path]) -> int:
    """Changes with every file below ``folders`` that comes, goes or is written."""
    found = []
    for folder in folders:
        for inside, _, names in os.walk(folder):
            for name in names:
                path = Path(inside, name)
                # A file may go between the listing and the look at it; it is then no longer in the next listing.
                with suppress(OSError):
                    stamp = path.stat()
                    found.append((str(path), stamp.st_size, stamp.st_mtime_ns))
    return hash(tuple(sorted(found)))


def _watch(
    folder: Path,
    results: Sequence[Path],
    submissions: Sequence[Path],
    seen: int,
    announce: Callable[[str], None],
    stop: Event,
) -> None:
    """Build again after each change, until ``stop``; runs of a cell write often, so changes are waited out."""
    while not stop.wait(LOOK):
        now = fingerprint([*results, *submissions])
        if now == seen or stop.wait(LOOK) or fingerprint([*results, *submissions]) != now:
            continue
        seen = now
        try:
            report = build(results, folder, submissions=submissions)
            announce(f"Built again: {report.rows} rows, {report.written} files written. Reload the page.")
        except UserError as error:
            announce("Not built: " + " ".join(error.problems))
