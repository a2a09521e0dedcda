"""The lines of the table below a plot of quality against cost. Pure; everything that is not ours is escaped.

Not by a template: there may be thousands of points, each with a cell for every kind of cost.
"""

from __future__ import annotations

from html import escape

from markupsafe import Markup

from leaderboard import text
from leaderboard.cost_axes import Axis
from leaderboard.cost_plot import CostPlot, Item

_FRONT = (
    '<span class="front-mark" title="on the Pareto front">◆<span class="unseen"> on the Pareto front,</span></span> '
)


def lines(plot: CostPlot, root: str) -> Markup:
    """A line a point, best first; ``root`` leads from the page to the root of the site."""
    return Markup("\n".join([_line(plot, place, item, root) for place, item in enumerate(plot.items)]))


def _line(plot: CostPlot, place: int, item: Item, root: str) -> str:
    name, (low, high) = escape(item.name), item.interval
    cells = [
        f'<tr data-name="{name}" data-quality="{item.quality}" data-low="{low}" data-high="{high}" '
        f'data-series="{item.series}"><th scope="row"><a href="{root}{escape(item.page)}">{name}</a></th>'
        f'<td class="number" data-v="{item.quality}">{text.score(item.quality)} '
        f'<span class="interval">{text.interval(item.interval)}</span></td>'
    ]
    cells += [_cost(item, axis, place in plot.fronts[axis.key]) for axis in plot.axes]
    if plot.machine:
        elsewhere = f"; timed on {escape(item.timed_on)}" if item.timed_on != item.machine else ""
        cells.append(f'<td class="machine">{escape(item.machine) or "–"}{elsewhere}</td>')
    return "".join((*cells, "</tr>"))


def _cost(item: Item, axis: Axis, on_front: bool) -> str:
    value = item.values.get(axis.key)
    if value is None:
        return f'<td class="number quiet" data-cost="{axis.key}" data-v="">–</td>'
    said = escape(item.say(axis))
    return (
        f'<td class="number" data-cost="{axis.key}" data-v="{value}" data-machine="{escape(item.on(axis))}" '
        f'data-said="{said}">{_FRONT if on_front else ""}{said}</td>'
    )
