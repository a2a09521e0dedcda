"""Where each page and file of the site lies, relative to its root. Pure."""

from __future__ import annotations

from typing import Literal

from benchmark.hashing import sha256_bytes
from leaderboard.rows import Row, Section
from leaderboard.safe import safe_name

INDEX, HISTORY, ABOUT, COMPARE, FEED = "index.html", "history.html", "about.html", "compare.html", "feed.xml"
COST, METHODS, BACKBONES, COLLECTIONS = "cost.html", "methods.html", "backbones.html", "collections.html"
DATA = "data"
RECORD, SCHEMA, BUNDLE = f"{DATA}/leaderboard.json", f"{DATA}/leaderboard.schema.json", f"{DATA}/leaderboard.zip"


def unique_name(name: str) -> str:
    """``name`` as a file name; one that had to be changed gets a part of its hash, so that no two become the same."""
    safe = safe_name(name.replace("/", "--"), 120)
    return safe if safe == name else f"{safe}-{sha256_bytes(name.encode('utf-8', 'replace'))[:8]}"


def method(name: str) -> str:
    """Page of a method."""
    return f"methods/{unique_name(name)}.html"


def backbone(name: str) -> str:
    """Page of a backbone."""
    return f"backbones/{unique_name(name)}.html"


def collection(section: Section) -> str:
    """Page of a collection with one split, first stage, depth and protocol."""
    return f"collections/{section.anchor}.html"


def run(row: Row) -> str:
    """Page of a run."""
    return f"runs/{row.page}.html"


def lines(section: Section) -> str:
    """The runs of a section as in `RECORD`, one a line."""
    return f"{DATA}/collections/{section.anchor}.jsonl"


def run_data(row: Row) -> str:
    """Zip of a run's files."""
    return f"{DATA}/runs/{row.page}.zip"


def query_table(row: Row, kind: Literal["json", "csv"]) -> str:
    """File with the data of a run's queries; the CSV is in the run's zip as well."""
    return f"runs/{row.page}.{kind}"


def compare(ours: Row, theirs: Row) -> str:
    """The page that puts two runs side by side."""
    return f"{COMPARE}?a={ours.page}&b={theirs.page}"


def citations(anchor: str) -> str:
    """File with a BibTeX entry for each row of a family's table."""
    return f"{DATA}/tables/family-{anchor}.bib"


def row(anchor: str, key: str) -> str:
    """A row of a family's table."""
    return f"{INDEX}#{anchor}-{key}"


def table(name: str, kind: Literal["json", "csv"]) -> str:
    """File with the data of a table."""
    return f"{DATA}/tables/{name}.{kind}"
