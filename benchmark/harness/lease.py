"""One process at a time on an object store, which knows no locks: leases that run out unless they are renewed."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

VALID = 600.0
"""Seconds that a lease lasts without being renewed. Clocks of machines that share results must agree much better."""


class Lease:
    """A file below ``folder`` named by a number that only grows; the highest is who holds it.

    A file is only ever created where there is none (a conditional write), so of several that want it one wins. Where
    the last holder let it run out, the next takes the next number; a holder that sees a higher one than its own has
    lost it.

    Args:
        files: fsspec's file system; folder: of this lease's files and nothing else.
    """

    def __init__(self, files: Any, folder: str) -> None:
        self._files = files
        self._folder = folder
        self._token = secrets.token_hex(8)
        self._number: int | None = None

    def acquire(self) -> bool:
        """Whether it could be had at once."""
        numbers = self._numbers()
        if numbers and self._valid(max(numbers)):
            return False
        number = max(numbers, default=0) + 1
        try:
            self._files.pipe_file(self._path(number), self._content(), mode="create")
        except FileExistsError:
            return False
        self._number = number
        for old in numbers:
            self._remove(old)
        return True

    def renew(self) -> bool:
        """Make it last again; whether it is still ours."""
        if self._number is None or max(self._numbers(), default=0) != self._number:
            self._number = None
            return False
        self._files.pipe_file(self._path(self._number), self._content())
        return True

    def release(self) -> None:
        """Give it up; nothing where it is not held."""
        if self._number is not None:
            self._remove(self._number)
            self._number = None

    def held_by_anybody(self) -> bool:
        """Whether a lease is valid now."""
        numbers = self._numbers()
        return bool(numbers) and self._valid(max(numbers))

    def _numbers(self) -> list[int]:
        self._files.invalidate_cache()
        return [int(path.rpartition("/")[2]) for path in self._files.find(self._folder)]

    def _valid(self, number: int) -> bool:
        try:
            return bool(json.loads(self._files.cat_file(self._path(number)))["until"] > time.time())
        except FileNotFoundError:
            # Given up just now.
            return False

    def _content(self) -> bytes:
        return json.dumps({"holder": self._token, "until": time.time() + VALID}).encode("utf-8")

    def _path(self, number: int) -> str:
        return f"{self._folder}/{number}"

    def _remove(self, number: int) -> None:
        try:
            self._files.rm_file(self._path(number))
        except FileNotFoundError:
            # Taken over and cleared away by the next holder.
            return
