"""What the leaderboard is, how it is measured, how to take part and how to cite it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from jinja2 import Environment

from benchmark import __version__
from benchmark.harness.record import PROTOCOL
from benchmark.hashing import canonical_json
from leaderboard import addresses, columns
from leaderboard.export import LICENCE, DataTable
from leaderboard.pages import Page, Site

CITATION = """@misc{rerankbench,
  title = {{rerankbench: a reproducible benchmark suite and leaderboard for re-ranking with large language models}},
  author = {{The rerankbench contributors}},
  howpublished = {software, version VERSION},
}
"""


def pages(site: Site, environment: Environment) -> Iterator[Page]:
    """The page."""
    named, others = _pairs(columns.entries()), _pairs(columns.OTHERS)
    table = DataTable("columns", "Columns of the tables", ("column", "what it says"), tuple(named + others))
    shown = {
        "columns": [("Columns of the large tables, and all metrics", named), ("Columns of the other tables", others)],
        "protocol": PROTOCOL,
        "licence": LICENCE,
        "bibtex": CITATION.replace("VERSION", __version__),
        "address": site.base_url,
    }
    template = environment.get_template("about.html")
    render = partial(template.render, root="", here=addresses.ABOUT, **shown)
    yield Page(addresses.ABOUT, canonical_json(shown), render, lambda: [table])


def _pairs(found: Iterable[columns.Column]) -> list[tuple[str, str]]:
    return [(", ".join((column.name, *column.also)), column.meaning) for column in found]
