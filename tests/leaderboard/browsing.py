"""Pages in a real browser: opened so that anything they complain about fails the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]

KINDS = {
    "overview": "index.html",
    "cost": "cost.html",
    "compare": "compare.html",
    "methods": "methods.html",
    "backbones": "backbones.html",
    "collections": "collections.html",
    "about": "about.html",
    "history": "history.html",
    "method": "methods/qrhead.html",
    "unknown method": "methods/listwise-generation.html",
    "backbone": "backbones/smollm2-135m-instruct.html",
    "collection": "collections/demo-*.html",
    "run": "runs/listwise-generation.*.html",
    "incomplete run": "runs/setwise.*.html",
}
"""One page of every kind, as a pattern."""


def page_of(site: Path, kind: str) -> Path:
    """The page of that kind; the first one where there are several."""
    return next(iter(sorted(site.glob(KINDS[kind]))))


def unavailable(what: str) -> None:
    """Skip; where tests run unattended a missing browser is a failure, or nobody would notice."""
    message = f"{what} is not installed: the page is not tested in a browser"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        unavailable("playwright")
    executable = shutil.which("chromium")
    if executable is None:
        unavailable("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, address: str | Path, **settings: Any) -> Iterator[Page]:
    """A page in which every console message, error, dialogue and request to elsewhere fails the test."""
    url = address.resolve().as_uri() if isinstance(address, Path) else address
    home = url[: url.index("/", 8) + 1] if url.startswith("http") else "file:///"
    context = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | settings))
    page = context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    # A page that is left while it loads something gives that up.
    page.on(
        "requestfailed",
        lambda failed: None if failed.failure == "net::ERR_ABORTED" else complaints.append(f"failed: {failed.url}"),
    )
    page.on("request", lambda sent: None if sent.url.startswith(home) else complaints.append(f"elsewhere: {sent.url}"))
    page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.goto(url)
    yield page
    context.close()
    assert complaints == []


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder on this machine's own network."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()
