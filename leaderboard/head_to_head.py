"""One run against another, topic by topic, as a part of a run's page. Pure; everything that is not ours is escaped.

Not by a template: each of tens of thousands of runs is compared with two others.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from markupsafe import Markup

from leaderboard import addresses, text
from leaderboard.bars import bars
from leaderboard.export import LICENCE
from leaderboard.rows import PRIMARY, Row
from leaderboard.titles import run_title
from leaderboard.versus import Pair, Topic

SHOWN = 5
"""Documents of each ranking."""

_ONLY_HERE = ' <span class="quiet">only here</span>'

_HEAD = (
    '<thead><tr><th scope="col">Query</th><th scope="col" class="number">This run</th>'
    '<th scope="col" class="number">The other</th><th scope="col" class="number">Difference</th>'
    '<th scope="col">First five of this run</th><th scope="col">First five of the other</th></tr></thead>'
)


def as_html(key: str, what: str, pair: Pair, largest: Sequence[Topic]) -> Markup:
    """What the test says, a bar a topic, and the topics that differ most with the first documents of both.

    Args:
        key: unique in the page, which lies one folder below the root; what: who the other run is.
        pair: this run first; largest: topics, largest difference first.
    """
    other, test = pair.theirs, pair.test
    p_value = escape(text.p_value(test.p_value))
    title = f'<a href="../{addresses.run(other)}">{escape(run_title(other))}</a>'
    parts = [
        f'<h3 id="versus-{key}">Against {what}: {title}</h3>',
        f"<p>{PRIMARY} {text.signed(test.difference)} ({p_value}, paired randomisation test): "
        f"better on {test.wins}, equal on {test.ties}, worse on {test.losses} of {text.plural(test.topics, 'topic')}. "
        f'<a href="../{escape(addresses.compare(pair.ours, other))}">Every topic</a></p>',
        f"<figure>{bars(pair.differences, f'bars-{key}', f'Difference to {what}, topic by topic')}"
        "<figcaption>The difference on each topic, sorted: above the line this run is better.</figcaption></figure>",
    ]
    if largest:
        lines = "\n".join([_line(topic) for topic in largest])
        parts.append(
            f'<div class="scroll fit" role="region" tabindex="0" aria-labelledby="versus-{key}-caption">\n'
            f'<table class="compact">\n<caption><span id="versus-{key}-caption">Where it differs most from {what}, '
            f"with the first five documents of each</span></caption>\n{_HEAD}\n"
            f"<tbody>\n{lines}\n</tbody>\n</table>\n</div>"
        )
        parts.append(
            f'<p class="data quiet">All queries as data: of this run {_queries(pair.ours)}; of the other '
            f"{_queries(other)} ({LICENCE}).</p>"
        )
    return Markup("\n".join(parts))


def _queries(run: Row) -> str:
    links = (("CSV", addresses.query_table(run, "csv")), ("JSON", addresses.query_table(run, "json")))
    return ", ".join([f'<a href="../{address}">{words}</a>' for words, address in links])


def _line(topic: Topic) -> str:
    kind = "gain" if topic.difference > 0 else "loss"
    return (
        f'<tr><th scope="row">{text.escaped(topic.qid)}</th><td class="number">{text.score(topic.ours)}</td>'
        f'<td class="number">{text.score(topic.theirs)}</td>'
        f'<td class="number"><span class="{kind}">{text.signed(topic.difference)}</span></td>'
        f"<td>{_ranking(topic.our_top, topic.their_top)}</td><td>{_ranking(topic.their_top, topic.our_top)}</td></tr>"
    )


def _ranking(own: Sequence[str], other: Sequence[str]) -> str:
    if not own:
        return '<span class="quiet">failed</span>'
    both = other[:SHOWN]
    items = [f"<li>{text.escaped(docid)}{'' if docid in both else _ONLY_HERE}</li>" for docid in own[:SHOWN]]
    return f'<ol class="firsts">{"".join(items)}</ol>'
