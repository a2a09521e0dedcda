"""A run query by query, as lines of a table and as data. Pure.

Not by a template: there may be thousands of queries, on each of thousands of pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from markupsafe import Markup

from benchmark.harness.record import QueryRecord
from leaderboard import text
from leaderboard.export import DataTable
from leaderboard.rows import PRIMARY

COLUMNS = ("query", PRIMARY, "seconds", "prompt tokens", "written tokens", "forward passes", "failure")

_FAILED = ' class="failed"'


def as_html(records: Sequence[QueryRecord], by_topic: Mapping[str, float]) -> Markup:
    """The table's lines; ``by_topic`` has the metric that ranks, for judged topics."""
    return Markup("\n".join(_line(record, by_topic.get(record.qid)) for record in records))


def as_data(title: str, records: Sequence[QueryRecord], by_topic: Mapping[str, float]) -> DataTable:
    """The same as data."""
    rows = tuple(
        (
            record.qid,
            by_topic.get(record.qid),
            record.seconds,
            record.prompt_tokens,
            record.completion_tokens,
            record.forward_passes,
            f"{record.failure.type}: {record.failure.message}" if record.failure else None,
        )
        for record in records
    )
    return DataTable("queries", title, COLUMNS, rows)


def _line(record: QueryRecord, value: float | None) -> str:
    quality = '<td class="number" data-v="">–</td>'
    if value is not None:
        quality = f'<td class="number" data-v="{value}">{text.score(value)}</td>'
    return (
        f'<tr{_FAILED if record.failure else ""}><th scope="row">{text.escaped(record.qid)}</th>{quality}'
        f'<td class="number" data-v="{record.seconds}">{text.seconds(record.seconds)}</td>'
        f'<td class="number" data-v="{record.prompt_tokens}">{record.prompt_tokens:,}</td>'
        f'<td class="number" data-v="{record.completion_tokens}">{record.completion_tokens:,}</td>'
        f'<td class="remarks">{_remarks(record)}</td></tr>'
    )


def _remarks(record: QueryRecord) -> str:
    if record.failure:
        return f'<span class="badge">{escape(record.failure.type)}</span> {escape(record.failure.message)}'
    if record.malformed:
        faults = escape(", ".join(record.faults).replace("_", " "))
        return f"{record.malformed} of {text.plural(record.answers, 'answer')} malformed ({faults})"
    return '<span class="quiet">warm-up</span>' if record.warm_up else ""
