"""The two kinds of failure that are somebody's to mend: a command's, and one query's."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import Literal


class UserError(Exception):
    """Something the user can mend: the message names the thing, what is wrong and what to do.

    The command line prints every problem on a line of its own and exits with status 2; no traceback is shown.

    Args:
        problems: one message, or several found at once.
    """

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class Unavailable(UserError):
    """What every query depends on is gone, such as a server; no query's result, so nothing is recorded.

    The run stops; finished queries are kept, and the same command goes on once it is back.
    """


FaultKind = Literal["out of memory", "device fault"]


class MachineFault(UserError):
    """The machine failed, not the query: nothing is recorded for it, and the process that saw it should end.

    Args:
        kind: what failed; said: the error's own words.
    """

    def __init__(self, kind: FaultKind, said: str) -> None:
        self.kind: FaultKind = kind
        self.said = said
        super().__init__(f"{kind}: {said}")


class QueryError(Exception):
    """One query cannot be re-ranked (prompt too long, scores not finite, ...); others can.

    It is recorded as that query's result. Nothing stands in for the missing order.
    """


def explain_os_error(error: OSError) -> str:
    """An operating system's error in words: which file, what is wrong, what to do."""
    where = f"{error.filename}: " if error.filename else ""
    advice = {
        errno.ENOSPC: "No space left on the device. Free some, or set RERANKBENCH_CACHE and --results to another disk.",
        errno.EACCES: "Permission denied. Choose a folder you may write to.",
        errno.EROFS: "The file system is read-only. Choose a folder you may write to.",
    }
    return where + advice.get(error.errno or 0, error.strerror or str(error))


SHOWN = 10
"""Problems listed of one file, and names in one sentence."""


def some(names: Sequence[str]) -> str:
    """The first `SHOWN` of these, in a row."""
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def refuse(name: str, problems: Sequence[str]) -> None:
    """UserError with a file's problems, the first `SHOWN` of them and how many more there are; nothing if none."""
    if problems:
        rest = len(problems) - SHOWN
        raise UserError([*problems[:SHOWN], *([f"{name}: and {rest} more problems."] if rest > 0 else [])])
