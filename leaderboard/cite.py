"""BibTeX for a run, a row of the overview, and the paper of a method. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from leaderboard import text
from methods.card import Paper

_SPECIAL = re.compile(r"[\\{}]")
_ESCAPED = re.compile(r"[%&$#_]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def run(*, identity: str, what: str, year: str, version: str, address: str | None) -> str:
    """The entry of one run.

    Args:
        identity: sha256 of its request; what: method, backbone and collection in words.
        year: in which it was run; version: of this software; address: of its page, None where it is not published.
    """
    found = f"rerankbench {version}, run {identity[:12]}"
    fields = _own(what, year, found, f"sha256 of the request: {identity}", address)
    return _entry("misc", f"rerankbench-{identity[:12]}", fields)


def table_row(*, key: str, what: str, identities: Sequence[str], year: str, version: str, address: str | None) -> str:
    """The entry of a row of the overview, which may come of several runs.

    Args:
        key: unique in the bibliography; what: method, backbone and family of collections in words.
        identities: sha256 of the requests of its runs; year: in which the last was run; address: of the row.
    """
    found = f"rerankbench {version}, {text.plural(len(identities), 'run')}"
    hashes = ", ".join(each[:12] for each in identities)
    fields = _own(what, year, found, f"sha256 of the requests: {hashes}", address)
    return _entry("misc", key, {name: value for name, value in fields.items() if value})


def _own(what: str, year: str, found: str, note: str, address: str | None) -> dict[str, str]:
    """Fields of what was measured here; ``found``: where, in words."""
    fields = {
        "title": f"{{{_text(what)}}}",
        "author": "{The rerankbench contributors}",
        "year": year,
        "howpublished": _text(found),
        "note": _text(note),
    }
    return fields | ({"url": _plain(address)} if address else {})


def paper(published: Paper) -> str:
    """The entry of a paper, as far as its method's card knows it."""
    key = re.sub("[^a-z0-9]", "", published.authors[0].split()[-1].lower()) or "paper"
    fields = {
        "title": f"{{{_text(published.title)}}}",
        "author": " and ".join(_text(name) for name in published.authors),
        "year": str(published.year),
        "url": _plain(published.url),
    }
    return _entry("misc", f"{key}{published.year}", fields)


def _entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@{kind}{{{key},\n{lines}}}\n"


def _text(value: str) -> str:
    """Text that TeX prints as it is; what could end the field is left out."""
    return _ESCAPED.sub(lambda found: "\\" + found[0], _plain(value))


def _plain(value: str) -> str:
    return _SPECIAL.sub("", _CONTROL.sub(" ", value))
