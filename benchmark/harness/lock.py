"""One process at a time: an advisory lock on a file that is gone when nobody holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class Lock:
    """Held from a successful `acquire` to `release`; the system gives it up when its process dies, however it dies.

    Args:
        path: the lock file; its folder exists.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def acquire(self) -> bool:
        """Whether the lock could be had at once."""
        while True:
            number = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(number)
                return False
            if self._is_current(number):
                self._file = number
                return True
            # The holder removed the file between our opening and locking it: what we hold bars nobody.
            os.close(number)

    def release(self) -> None:
        """Give it up; nothing where it is not held."""
        if self._file is not None:
            # Removed while it is held: after that somebody else may hold a file of this name.
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None

    def _is_current(self, number: int) -> bool:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        held = os.fstat(number)
        return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)
