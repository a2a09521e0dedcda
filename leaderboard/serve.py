"""Show a built site on this machine."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from leaderboard.site import is_site

HOST = "127.0.0.1"
"""Never reachable from another machine."""


class Handler(SimpleHTTPRequestHandler):
    """Files of the site and nothing else: no folder listings, no guessing of types by the browser."""

    extensions_map = {  # noqa: RUF012  declared by the base class
        **SimpleHTTPRequestHandler.extensions_map,
        ".html": "text/html; charset=utf-8",
        ".jsonl": "text/plain; charset=utf-8",
        ".trec": "text/plain; charset=utf-8",
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


def serve(folder: Path, port: int, announce: Callable[[str], None] = print) -> None:
    """Serve the site in ``folder`` until Ctrl-C.

    Args:
        port: see `make_server`; announce: receives the address in a sentence.

    Raises:
        UserError: see `make_server`.
    """
    with make_server(folder, port) as server:
        announce(f"The leaderboard is at http://{HOST}:{server.server_address[1]}/ until Ctrl-C.")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return
