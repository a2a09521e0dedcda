"""The lines of a collection's tables, as HTML that is also well-formed XML."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import cells
import pytest
from markupsafe import Markup

from benchmark.collections import catalogue
from leaderboard import reading, section_table
from leaderboard.grouping import sections
from leaderboard.rows import Section
from leaderboard.versus import neighbours

A, B = cells.machine(), cells.machine(processor="Another Processor")
HOSTILE = """<script>alert("1")</script> & 'x'"""


def parsed(lines: Markup) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(f"<tbody>{lines}</tbody>"))


def said(element: ElementTree.Element) -> str:
    return "".join(element.itertext())


def section_of(results: Path) -> Section:
    (section,) = sections(reading.read([results]), catalogue.entries())
    return section


@pytest.mark.parametrize("timed", [None, A])
@pytest.mark.parametrize("written", [0, 96])
@pytest.mark.parametrize("elsewhere", [A, B])
def test_every_line_has_as_many_cells_whatever_is_known_of_its_run(tmp_path: Path, timed, written, elsewhere) -> None:
    cells.write_cell(tmp_path, cells.request("first-stage", backbone=None), topics=35, quality=0.4, ran_on=A)
    cells.write_cell(tmp_path, cells.request("icr"), topics=35, ran_on=A, timed_on=timed)
    cells.write_cell(tmp_path, cells.request("rankgpt"), topics=35, ran_on=elsewhere, written=written, failures=[3])
    cells.write_cell(tmp_path, cells.request("core"), topics=4, finished=False, ran_on=A)
    table = section_table.of(section_of(tmp_path), {})
    lines = parsed(table.lines)
    widths = {sum(int(cell.get("colspan", 1)) for cell in line) for line in lines}
    columns = 3 + len(table.metrics) + 1 + 2 + (timed is not None) + 2 + 2 + 2 * bool(written) + 1 + (elsewhere == B)
    assert widths == {columns}
    assert {line.get("class", "").split()[0] for line in lines} == {"complete", "incomplete"}


def test_the_best_is_bold_the_first_stage_is_marked_and_a_small_p_value_is_text(tmp_path: Path) -> None:
    cells.write_cell(tmp_path, cells.request("first-stage", backbone=None), topics=35, quality=0.3)
    cells.write_cell(tmp_path, cells.request("icr"), topics=35, quality=0.8)
    best, baseline = parsed(section_table.of(section_of(tmp_path), {}).lines)
    assert said(best).startswith("1icr")
    assert best.findtext(".//strong") is not None
    assert "p < 0.001" in said(best)
    assert baseline.get("class") == "complete baseline-row"
    assert baseline.find(".//strong") is None
    assert "baseline" in said(baseline)


def test_names_that_are_markup_stay_text(tmp_path: Path) -> None:
    cells.write_cell(tmp_path, cells.request("first-stage", backbone=None), topics=35)
    hostile = cells.request("icr", HOSTILE, {"order": HOSTILE}, backbone=HOSTILE)
    cells.write_cell(tmp_path, hostile, topics=35, folder="hostile")
    cells.write_cell(
        tmp_path, cells.request("icr", HOSTILE, {"order": "x"}, backbone=HOSTILE), topics=35, folder="other"
    )
    section = section_of(tmp_path)
    for lines in (section_table.of(section, {}).lines, section_table.neighbours(neighbours(section))):
        assert "<script" not in lines
        assert HOSTILE in " ".join(said(line) for line in parsed(lines))


def test_neighbours_in_rank_are_told_with_their_test(tmp_path: Path) -> None:
    for method, quality in (("icr", 0.8), ("core", 0.5), ("qrhead", 0.3)):
        cells.write_cell(tmp_path, cells.request(method), topics=35, quality=quality)
    first, second = parsed(section_table.neighbours(neighbours(section_of(tmp_path))))
    assert (said(first[0]), said(first[1])) == (f"icr on {cells.MODEL}", f"core on {cells.MODEL}")
    assert said(first[3]) == "p < 0.001"
    assert float(first[2].get("data-v", "")) > 0
    assert [int(number) for number in said(first[4]).split(", ")] == [35, 0, 0]
    assert said(second[0]) == said(first[1])
