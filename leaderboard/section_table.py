"""The lines of a collection's tables of runs and of neighbours in rank. Pure; everything that is not ours is escaped.

Not by a template: there may be thousands of runs, each with twenty cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from benchmark.harness.record import CellSummary
from leaderboard import addresses, text
from leaderboard.costs import timing
from leaderboard.rows import PRIMARY, Row, Section, hardware
from leaderboard.titles import method_title, run_title
from leaderboard.versus import Pair
from methods.card import Card

_NONE = '<td class="number quiet" data-v="">–</td>'
"""A cell without a value, which sorts last."""


@dataclass(frozen=True)
class SectionTable:
    """The table of a section's runs, for a page one folder below the root.

    Attributes:
        metrics: that have a column; timed: whether a ratio has one; mixed: whether the hardware has one.
    """

    section: Section
    cards: Mapping[str, Card]
    metrics: tuple[str, ...]
    timed: bool
    mixed: bool

    @property
    def lines(self) -> Markup:
        """A line a run, best first."""
        return Markup("\n".join([self._line(row) for row in self.section.rows]))

    def _line(self, row: Row) -> str:
        baseline = " baseline-row" if row.is_baseline else ""
        cells = [
            f'<tr class="{row.status}{baseline}"><td class="rank" data-v="{row.rank or ""}">{row.rank or "–"}</td>',
            self._method(row),
            _backbone(row),
        ]
        if row.summary:
            cells += [*self._quality(row, row.summary), *self._latency(row, row.summary), *self._rest(row.summary)]
        else:
            span = len(self.metrics) + 8 + self.timed + 2 * self.section.generates
            cells.append(
                f'<td class="reason" colspan="{span}"><span class="badge">{row.status}</span> '
                f"<span>{escape(row.reason or '')}</span></td>"
            )
        if self.mixed:
            cells.append(f'<td><span class="mark">{self.section.hardware_mark(row) or "–"}</span></td>')
        return "".join((*cells, "</tr>"))

    def _method(self, row: Row) -> str:
        name = escape(method_title(row.request.method.name, self.cards))
        found = f'<th scope="row" class="method"><a href="../{addresses.run(row)}">{name}</a>'
        if row.preset or row.variant:
            both = " · " if row.preset and row.variant else ""
            found += f'<span class="preset">{escape(row.preset)}{both}{escape(row.variant)}</span>'
        if row.seen:
            found += f'<span class="badge" title="{escape(row.seen)}">saw test data</span>'
        if row.standing:
            flags = f". Flags: {escape('; '.join(row.standing.flags))}" if row.standing.flags else ""
            found += (
                f'<span class="badge trust" title="Submitted as {escape(row.standing.submission)}{flags}">'
                f"{row.standing.trust}{' *' if flags else ''}</span>"
            )
        if row.request.backbone:
            found += f'<span class="preset small-screen">{escape(row.request.backbone.name)}</span>'
        return f"{found}</th>"

    def _quality(self, row: Row, summary: CellSummary) -> list[str]:
        found = []
        for place, name in enumerate(self.metrics):
            value = summary.metrics.mean.get(name)
            if value is None:
                found.append(_NONE)
            else:
                shown = text.score(value)
                if value == self.section.best(name):
                    shown = f"<strong>{shown}</strong>"
                if name == PRIMARY and name in summary.metrics.interval:
                    shown += f' <span class="interval">{text.interval(summary.metrics.interval[name])}</span>'
                found.append(_number(value, shown))
            if place == 0:
                found.append(_difference(row))
        return found

    def _latency(self, row: Row, summary: CellSummary) -> list[str]:
        session, found = timing(row), [_NONE, _NONE]
        if session:
            elsewhere = ""
            if hardware(session.machine) != row.hardware:
                title = escape(hardware(session.machine))
                elsewhere = f' <span class="interval" title="{title}">timed on another machine</span>'
            found = [
                _number(session.median, text.seconds(session.median) + elsewhere),
                _number(session.p90, text.seconds(session.p90)),
            ]
        elif summary.latency:
            found = [
                _number(value, f"~{text.seconds(value)}") for value in (summary.latency.median, summary.latency.p90)
            ]
        if self.timed:
            ratio = session.ratio if session else None
            found.append(_number(ratio, f"{ratio:.2f}") if ratio else _NONE)
        return found

    def _rest(self, summary: CellSummary) -> list[str]:
        memory, cost, answers = summary.memory, summary.cost, summary.answers
        sizes = (memory.weights, memory.peak_above_weights) if memory else (None, None)
        found = [_NONE if size is None else _number(size, text.mebibytes(size)) for size in sizes]
        found += [_number(value, text.count(value)) for value in (cost.prompt_tokens, cost.forward_passes)]
        if self.section.generates:
            found.append(_number(cost.completion_tokens, text.count(cost.completion_tokens)))
            found.append(_number(answers.well_formed, text.percent(answers.well_formed)) if answers else _NONE)
        bad, of = (" bad", f" of {summary.queries}") if summary.failed else ("", "")
        return [*found, f'<td class="number{bad}" data-v="{summary.failed}">{summary.failed}{of}</td>']


def of(section: Section, cards: Mapping[str, Card]) -> SectionTable:
    """The table of a section."""
    return SectionTable(
        section,
        cards,
        metrics=section.columns or (PRIMARY,),
        timed=any(timing(row) for row in section.rows),
        mixed=len(section.hardware) > 1,
    )


def neighbours(pairs: Sequence[Pair]) -> Markup:
    """A line a pair, for a page one folder below the root."""
    return Markup("\n".join([_pair(pair) for pair in pairs]))


def _pair(pair: Pair) -> str:
    above, below, test = pair.ours, pair.theirs, pair.test
    page = addresses.run(below)
    part = "first-stage" if above.is_baseline else "above"
    return (
        f'<tr><th scope="row"><a href="../{addresses.run(above)}">{escape(run_title(above))}</a></th>'
        f'<td><a href="../{page}">{escape(run_title(below))}</a></td>'
        f"{_number(test.difference, text.signed(test.difference))}"
        f"{_number(test.p_value, escape(text.p_value(test.p_value)))}"
        f"<td>{test.wins}, {test.ties}, {test.losses}</td>"
        f'<td><a href="../{page}#versus-{part}">topic by topic</a></td></tr>'
    )


def _number(value: float, shown: str) -> str:
    return f'<td class="number" data-v="{value}">{shown}</td>'


def _backbone(row: Row) -> str:
    backbone = row.request.backbone
    if not backbone:
        return '<td class="backbone"><span class="quiet">none</span></td>'
    return (
        f'<td class="backbone"><a href="../{addresses.backbone(backbone.name)}">{escape(backbone.name)}</a> '
        f'<span class="interval">{escape(backbone.dtype)}</span></td>'
    )


def _difference(row: Row) -> str:
    if row.is_baseline:
        return '<td class="number" data-v=""><span class="quiet">baseline</span></td>'
    if row.comparison is None:
        return _NONE
    value = row.comparison.difference
    kind = "gain" if value > 0 else "loss" if value < 0 else ""
    p_value = escape(text.p_value(row.comparison.corrected))
    return _number(value, f'<span class="{kind}">{text.signed(value)}</span> <span class="interval">{p_value}</span>')
