"""One run against another on a run's page."""

from __future__ import annotations

from xml.etree import ElementTree

import cells
import pytest

from benchmark.collections import catalogue
from leaderboard import head_to_head, reading
from leaderboard.grouping import sections
from leaderboard.versus import Pair, Topic, neighbours


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("pair")
    cells.write_cell(folder, cells.request("icr"), topics=35, quality=0.8)
    cells.write_cell(folder, cells.request("core"), topics=35, quality=0.4)
    (section,) = sections(reading.read([folder]), catalogue.entries())
    (found,) = neighbours(section)
    return found


def parsed(pair: Pair, largest: list[Topic]) -> ElementTree.Element:
    return ElementTree.fromstring(f"<div>{head_to_head.as_html('above', 'the other', pair, largest)}</div>")


def test_the_test_is_told_and_both_runs_are_linked(pair: Pair) -> None:
    found = parsed(pair, [])
    assert "".join(found.find("h3").itertext()) == f"Against the other: core on {cells.MODEL}"  # type: ignore[union-attr]
    told = "".join(found.find("p").itertext())  # type: ignore[union-attr]
    assert "(p < 0.001, paired randomisation test): better on 35, equal on 0, worse on 0 of 35 topics" in told
    links = [link.get("href") for link in found.iter("a")]
    assert links == [f"../runs/{pair.theirs.page}.html", f"../compare.html?a={pair.ours.page}&b={pair.theirs.page}"]
    assert found.find(".//table") is None


def test_rankings_show_what_only_one_has_in_its_first_five_and_what_failed(pair: Pair) -> None:
    ours, theirs = tuple(f"d{place}" for place in range(8)), tuple(f"d{place}" for place in (0, 9, 5, 1, 2, 3, 4))
    topics = [Topic("<q>", 0.9, 0.1, ours, theirs), Topic("q2", 0.2, 0.4, (), theirs)]
    lines = parsed(pair, topics).findall(".//tbody/tr")
    first, second = ([["".join(item.itertext()) for item in cell.iter("li")] for cell in line[4:]] for line in lines)
    assert first == [
        ["d0", "d1", "d2", "d3 only here", "d4 only here"],
        ["d0", "d9 only here", "d5 only here", "d1", "d2"],
    ]
    assert second[0] == []
    assert lines[1][4][0].text == "failed"
    assert lines[0][0].text == "<q>"
    assert [line[3][0].get("class") for line in lines] == ["gain", "loss"]
