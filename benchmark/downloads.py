"""Fetch a file of known hash over HTTP: resumed where it broke off, once for all processes, checked."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from benchmark.errors import UserError
from benchmark.hashing import sha256_file

CHUNK = 1 << 16
"""Bytes written at a time; what is lost of a download that breaks off is at most one."""
TIMEOUT = 30.0
"""Seconds without a byte after which a connection is given up."""

Progress = Callable[[str, int, int | None], None]
"""Called with a file's name, the bytes that are there, and how many there will be if known."""


def silent(name: str, done: int, total: int | None) -> None:
    """Progress that nobody looks at."""


def offline() -> bool:
    """Whether nothing may be fetched: ``RERANKBENCH_OFFLINE`` or ``HF_HUB_OFFLINE`` is set to a true value."""
    return any(
        os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}
        for name in ("RERANKBENCH_OFFLINE", "HF_HUB_OFFLINE")
    )


def fetch(url: str, target: Path, sha256: str | None, progress: Progress = silent, *, anew: bool = False) -> Path:
    """The file at ``target``, fetched if it is not there.

    Args:
        target: its folder is made if need be; an unfinished download waits beside it.
        sha256: of the whole file; what is there is compared with it and never replaced silently. None: only the
            address says which file it is.
        anew: whether a damaged file is replaced; one without a known hash always is.

    Raises:
        UserError: offline, not reachable, cut off (a later call goes on), or not the file that was pinned.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_name(f".{target.name}.lock")):
        if target.is_file() and not (anew and (sha256 is None or sha256_file(target) != sha256)):
            if sha256 is not None:
                check(target, sha256, f"Fetch it anew from {url} with: rerankbench data prepare --again.")
            return target
        partial = target.with_name(f".{target.name}.partial")
        _download(url, partial, lambda done, total: progress(url.rpartition("/")[2], done, total))
        actual = sha256_file(partial)
        if sha256 is not None and actual != sha256:
            partial.unlink()
            raise UserError(
                f"{url}: not the pinned file: sha256 expected {sha256}, found {actual}. It was not kept; the publisher "
                "may have changed it."
            )
        partial.replace(target)
    return target


def check(path: Path, sha256: str, advice: str) -> None:
    """UserError naming the file, what its hash should be and what it is, and what to do."""
    actual = sha256_file(path)
    if actual != sha256:
        raise UserError(f"{path}: damaged: sha256 expected {sha256}, found {actual}. {advice}")


def _download(url: str, partial: Path, progress: Callable[[int, int | None], None]) -> None:
    if offline():
        raise UserError(f"{url}: not here yet, and RERANKBENCH_OFFLINE or HF_HUB_OFFLINE forbids to fetch it.")
    # Takes a moment to import, and most commands fetch nothing.
    import requests

    done = partial.stat().st_size if partial.is_file() else 0
    headers = {"Range": f"bytes={done}-"} if done else {}
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                # All of it is here already, or more than there is: the hash decides.
                return
            response.raise_for_status()
            resumed = response.status_code == requests.codes.partial_content
            done = done if resumed else 0
            length = response.headers.get("Content-Length")
            total = done + int(length) if length else None
            with partial.open("ab" if resumed else "wb") as stream:
                for chunk in response.iter_content(CHUNK):
                    stream.write(chunk)
                    done += len(chunk)
                    progress(done, total)
    except requests.RequestException as error:
        raise UserError(
            f"{url}: could not be fetched ({_reason(error)}). Repeat the command to go on after {done:,} bytes."
        ) from None
    if total is not None and done < total:
        raise UserError(f"{url}: cut off after {done:,} of {total:,} bytes. Repeat the command to go on.")


def _reason(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"status {response.status_code}"
    return type(error).__name__
