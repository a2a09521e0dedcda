"""File formats of questions with their own paragraphs; each module is one format and gives a ``FORMAT``."""

from __future__ import annotations

from pathlib import Path

from benchmark.collections.formats import core, longmemeval, qrhead, tevatron
from benchmark.collections.questions import Format
from benchmark.collections.reading import instances
from benchmark.errors import UserError

FORMATS: tuple[Format, ...] = (longmemeval.FORMAT, tevatron.FORMAT, core.FORMAT, qrhead.FORMAT)
"""In the order in which they are tried."""


def recognise(path: Path) -> Format:
    """The format of a file, by the keys of its first instance; its name does not matter.

    Raises:
        UserError: the file is not JSON, holds nothing, or something else.
    """
    problems: list[str] = []
    _, first = next(instances(path, problems), (None, None))
    keys = first if isinstance(first, dict) else {}
    for form in FORMATS:
        if form.recognises(keys):
            return form
    found = problems[0].rstrip(".") if problems else f"{path}: its first instance has the keys {sorted(keys)}"
    known = "; ".join(f"{form.name} ({form.marks})" for form in FORMATS)
    raise UserError(f"{found}. It is not a file of questions in a known format: {known}.")
