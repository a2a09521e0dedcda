"""The table below a plot of quality against cost."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import cells

from benchmark.collections import catalogue
from leaderboard import cost_plot, cost_table, reading
from leaderboard.grouping import sections

A, B = cells.machine(), cells.machine(processor="Another <Processor>")


def test_a_cell_for_each_kind_of_cost_with_its_machine_and_what_is_on_a_front(tmp_path: Path) -> None:
    cells.write_cell(tmp_path, cells.request("icr"), quality=0.8, seconds=1.0, ran_on=A, timed_on=B, flops=1e12)
    cells.write_cell(tmp_path, cells.request("core"), quality=0.5, seconds=2.0, ran_on=A)
    (section,) = sections(reading.read([tmp_path]), catalogue.entries())
    plot = cost_plot.of_section(section, "title", {})
    first, second = ElementTree.fromstring(f"<tbody>{cost_table.lines(plot, '../')}</tbody>")
    keys = [axis.key for axis in plot.axes]
    assert {"latency", "ratio", "flops"} <= set(keys)
    costs = [{cell.get("data-cost"): cell for cell in line if cell.get("data-cost")} for line in (first, second)]
    assert [list(found) for found in costs] == [keys, keys]
    latency = costs[0]["latency"]
    assert latency.get("data-machine") == plot.items[0].timed_on
    assert "Another <Processor>" in plot.items[0].timed_on
    assert "".join(latency.itertext()).startswith("◆ on the Pareto front, ")
    assert costs[1]["flops"].get("data-v") == ""
    assert costs[1]["flops"].text == "–"
    assert "; timed on Another <Processor>" in "".join(first[-1].itertext())
    assert first.find(".//a").get("href") == f"../runs/{section.rows[0].page}.html"  # type: ignore[union-attr]
