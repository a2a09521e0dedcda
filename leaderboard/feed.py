"""An Atom feed (RFC 4287) of the newest runs and of changes in the regression ledger. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from xml.etree.ElementTree import Element, SubElement, tostring

from leaderboard import addresses, text
from leaderboard.pages import Site
from leaderboard.rows import PRIMARY, Row, Section
from leaderboard.svg import printable

NEWEST = 50
"""Entries; readers keep the older ones."""

ATOM = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True)
class _Entry:
    updated: datetime
    address: str
    """Relative to the root of the site; with what follows a ``#`` unique."""
    title: str
    summary: str


def atom(site: Site) -> str:
    """The feed; the same site gives the same bytes, whenever it is built."""
    entries = [_of_run(section, row) for section in site.sections for row in section.rows if row.summary]
    entries += [
        _Entry(
            datetime.combine(change.date, time(), UTC),
            f"{addresses.HISTORY}#{condition.name}-{number}",
            f"Regression ledger: {condition.name}",
            change.reason,
        )
        for condition in site.ledger
        for number, change in enumerate(condition.history, 1)
    ]
    entries.sort(key=lambda entry: (entry.updated, entry.address), reverse=True)
    root = Element("feed", xmlns=ATOM)
    _say(root, "title", "rerankbench leaderboard")
    _say(root, "id", f"{site.base_url}/")
    SubElement(root, "link", rel="self", type="application/atom+xml", href=f"{site.base_url}/{addresses.FEED}")
    SubElement(root, "link", rel="alternate", type="text/html", href=f"{site.base_url}/{addresses.INDEX}")
    _say(SubElement(root, "author"), "name", "rerankbench")
    newest = entries[0].updated if entries else datetime(1970, 1, 1, tzinfo=UTC)
    _say(root, "updated", newest.isoformat())
    for entry in entries[:NEWEST]:
        item = SubElement(root, "entry")
        _say(item, "title", entry.title)
        _say(item, "id", f"{site.base_url}/{entry.address}")
        SubElement(item, "link", rel="alternate", type="text/html", href=f"{site.base_url}/{entry.address}")
        _say(item, "updated", entry.updated.isoformat())
        _say(item, "summary", entry.summary)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _of_run(section: Section, row: Row) -> _Entry:
    assert row.summary is not None
    backbone = row.request.backbone
    where = section.spec.title if section.spec else section.request.name
    trust = f", {row.standing.trust}" if row.standing else ""
    return _Entry(
        _moment(row.summary.finished),
        addresses.run(row),
        f"{row.name}{f' on {backbone.name}' if backbone else ''}: {where}",
        f"{PRIMARY} {text.score(row.score or 0.0)} on {where}, {section.request.split}, "
        f"{section.request.first_stage} top {section.request.depth}{trust}.",
    )


def _moment(stamp: str) -> datetime:
    """A time that a record gives; one that is none counts as the oldest, because the record's author wrote it."""
    try:
        found = datetime.fromisoformat(stamp)
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=UTC)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).replace(microsecond=0)


def _say(parent: Element, name: str, content: str) -> None:
    SubElement(parent, name).text = printable(content)
