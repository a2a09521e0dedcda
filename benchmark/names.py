"""Names that people type: one spelling rule and one way to say "unknown"."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from benchmark.errors import UserError


def canonical(name: str) -> str:
    """Lower case, with hyphens for underscores: ``Selective_ICR`` and ``selective-icr`` are one name."""
    return name.strip().lower().replace("_", "-")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``Did you mean 'x'?`` for the nearest known name, else the list of what there is."""
    options = sorted(known)
    close = difflib.get_close_matches(canonical(name), [canonical(option) for option in options], n=1, cutoff=0.6)
    if close:
        nearest = next(option for option in options if canonical(option) == close[0])
        return f"Did you mean '{nearest}'?"
    return f"Known: {', '.join(options)}." if options else "None are known here."


def unknown(kind: str, name: str, known: Iterable[str]) -> UserError:
    """The error for a name that is not in a catalogue."""
    return UserError(f"Unknown {kind} '{name}'. {did_you_mean(name, known)}")
