"""What changed: the regression ledger over time, the changelog, and a feed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jinja2 import Environment
from markupsafe import Markup

from benchmark.hashing import canonical_json
from benchmark.regression.record import Change, Condition
from leaderboard import addresses, changelog, feed, timeline
from leaderboard.export import DataTable
from leaderboard.pages import Page, Site

TABLE = "history"


@dataclass(frozen=True)
class Course:
    """A condition of the ledger over time.

    Attributes:
        changes: oldest first; the drawings: of score and seconds, None where fewer than two changes have numbers.
    """

    condition: Condition
    changes: tuple[Change, ...]
    score: Markup | None
    seconds: Markup | None


def pages(site: Site, environment: Environment) -> Iterator[Page]:
    """The page, and the feed where it is known where the site will be."""
    depends = [[_plain(condition) for condition in site.ledger], site.changelog, bool(site.base_url)]
    template = environment.get_template("history.html")

    def render() -> str:
        return template.render(
            root="",
            here=addresses.HISTORY,
            courses=[course(condition) for condition in site.ledger],
            changelog=Markup(changelog.html(site.changelog)),
            table=TABLE,
        )

    yield Page(addresses.HISTORY, canonical_json(depends), render, lambda: [data(site.ledger)])
    if site.base_url:
        text = feed.atom(site)
        yield Page(addresses.FEED, text, lambda: text)


def course(condition: Condition) -> Course:
    """A condition with its drawings."""
    known = [(change.date, change.measured) for change in condition.history if change.measured]
    score = seconds = None
    scores = [(day, found.ndcg10) for day, found in known if found.ndcg10 is not None]
    if len(scores) > 1:
        score = Markup(timeline.draw(scores, f"nDCG@10 of {condition.name} over time", "{:.3f}"))
    if len(known) > 1:
        times = [(day, found.seconds) for day, found in known]
        seconds = Markup(timeline.draw(times, f"Seconds of {condition.name} over time", "{:.2f} s"))
    return Course(condition, condition.history, score, seconds)


def data(ledger: Sequence[Condition]) -> DataTable:
    """Every change of every condition."""
    columns = (
        "condition",
        "date",
        "reason",
        "nDCG@10",
        "tokens",
        "forward passes",
        "peak memory MiB",
        "seconds",
        "processor",
    )
    rows = []
    for condition in ledger:
        for change in condition.history:
            found = change.measured
            numbers = (
                (found.ndcg10, found.tokens, found.forward_passes, found.peak_memory, found.seconds, found.processor)
                if found
                else (None,) * 6
            )
            rows.append((condition.name, change.date.isoformat(), change.reason, *numbers))
    return DataTable(TABLE, "Regression ledger over time", columns, tuple(rows))


def _plain(condition: Condition) -> object:
    return condition.model_dump(mode="json", exclude={"expected"})
