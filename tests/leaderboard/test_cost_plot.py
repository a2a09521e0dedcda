"""What is drawn of quality against cost, and on which machine."""

from __future__ import annotations

from pathlib import Path

import cells
import pytest

from benchmark.backbones import catalogue as backbones
from benchmark.collections import catalogue
from leaderboard import cost_plot, reading
from leaderboard.cost_plot import CostPlot
from leaderboard.families import families
from leaderboard.grouping import sections

A, B = cells.machine(), cells.machine(processor="Another Processor")


def section_plot(folder: Path) -> CostPlot:
    (section,) = sections(reading.read([folder]), catalogue.entries())
    return cost_plot.of_section(section, "title", {})


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Two runs on one machine, one on another, one that was timed on the other one."""
    cells.write_cell(tmp_path, cells.request("first-stage", backbone=None), quality=0.5)
    cells.write_cell(tmp_path, cells.request("icr"), quality=0.6, seconds=1.0, ran_on=A)
    cells.write_cell(tmp_path, cells.request("core"), quality=0.7, seconds=2.0, ran_on=A)
    cells.write_cell(tmp_path, cells.request("setwise"), quality=0.8, seconds=0.2, ran_on=B)
    cells.write_cell(tmp_path, cells.request("qrhead"), quality=0.9, seconds=0.1, ran_on=A, timed_on=B)
    return tmp_path


def names(plot: CostPlot, axis: str) -> set[str]:
    return {plot.items[place].name for place in plot.fronts[axis]}


def test_no_front_holds_two_machines_where_machines_matter(mixed: Path) -> None:
    plot = section_plot(mixed)
    assert len(plot.machines) == 2
    assert names(plot, "latency") == {"icr", "core", "qrhead"}, (
        "icr and core on one machine; on the other, qrhead alone"
    )
    machines = {item.name: (item.machine, item.timed_on) for item in plot.items}
    assert machines["icr"][0] == machines["icr"][1]
    assert machines["qrhead"][0] == machines["icr"][0] != machines["qrhead"][1] == machines["setwise"][0]


def test_the_picture_without_a_script_is_of_one_machine(mixed: Path) -> None:
    plot = section_plot(mixed)
    assert plot.machine is not None
    drawn = str(plot.wide)
    assert len(plot.shown) == 2
    told = {name for name in ("icr", "core", "setwise", "qrhead") if f"<title>{name}: " in drawn}
    assert told in ({"icr", "core"}, {"setwise", "qrhead"})


def test_costs_without_machines_are_compared_across_them(mixed: Path) -> None:
    plot = section_plot(mixed)
    points = {item.name: (item.values["tokens"], item.quality) for item in plot.items}
    for name, (tokens, quality) in points.items():
        beaten = any(
            other != (tokens, quality) and other[0] <= tokens and other[1] >= quality for other in points.values()
        )
        assert beaten != (name in names(plot, "tokens"))


def test_a_row_over_several_machines_has_no_memory_to_compare(tmp_path: Path) -> None:
    for collection, ran_on in (("nano-nq", A), ("nano-scifact", B)):
        on = cells.collection(collection)
        cells.write_cell(tmp_path, cells.request("icr", on=on), ran_on=ran_on)
        cells.write_cell(tmp_path, cells.request("core", on=on), ran_on=A)
    shown = sections(reading.read([tmp_path]), catalogue.entries())
    tables = families(shown, {}, catalogue.entries(), backbones.entries())
    plot = cost_plot.of_family(tables[0])
    costs = {item.name: set(item.values) for item in plot.items}
    assert costs["core"] >= {"latency", "memory", "tokens"}
    assert costs["icr"] & {"latency", "memory"} == set()
    assert "tokens" in costs["icr"]


def test_the_table_holds_what_is_drawn(mixed: Path) -> None:
    plot = section_plot(mixed)
    rows = [dict(zip(plot.table.columns, row, strict=True)) for row in plot.table.rows]
    assert [row["method"] for row in rows] == [item.name for item in plot.items]
    assert {row["method"] for row in rows if "latency" in str(row["front of"]).split()} == names(plot, "latency")
    assert "first-stage" not in {row["method"] for row in rows}, "it is the line"
    assert plot.baseline is not None
    assert plot.baseline[0] == "first-stage"
