from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import cells
import pytest

from benchmark.regression import record
from benchmark.regression.record import Change, Condition, Measured
from leaderboard import build, changelog, history, site, timeline

ATOM = "{http://www.w3.org/2005/Atom}"
URL = "https://example.org/board"


def condition(*changes: tuple[str, float | None], name: str = "icr.demo") -> Condition:
    known = [
        Change(
            date=date.fromisoformat(day),
            reason="It was <b>measured</b> anew.",
            measured=None
            if score is None
            else Measured(
                ndcg10=score, tokens=100, forward_passes=4, peak_memory=None, seconds=1.5, processor="Example"
            ),
        )
        for day, score in changes
    ]
    return Condition(
        name=name, command="c", method="icr", backbone=None, collection="demo", depth=4, topics=2, origin="here",
        history=tuple(known),
    )  # fmt: skip


def test_scores_and_costs_over_time_are_a_table_its_data_and_drawings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = {"icr.demo": condition(("2026-01-01", None), ("2026-02-01", 0.5), ("2026-03-01", 0.75))}
    monkeypatch.setattr(record, "read", lambda: ledger)
    cells.write_cell(tmp_path / "results", cells.request())
    folder = build([tmp_path / "results"], tmp_path / "site").index.parent
    html = (folder / "history.html").read_text(encoding="utf-8")
    assert "0.750" in html
    assert "not kept" in html
    assert html.count("<svg") == 2
    assert "&lt;b&gt;measured" in html
    assert "<b>" not in html
    csv = (folder / "data" / "tables" / "history.csv").read_text(encoding="utf-8")
    assert "icr.demo,2026-03-01,It was <b>measured</b> anew.,0.75,100,4,,1.5,Example" in csv


def test_one_measurement_is_no_drawing() -> None:
    found = history.course(condition(("2026-01-01", 0.5)))
    assert (found.score, found.seconds) == (None, None)


def test_a_drawing_says_its_values_and_keeps_them_inside() -> None:
    points = [(date(2026, 1, 1), 0.5), (date(2026, 1, 31), 0.5), (date(2026, 3, 1), 0.25)]
    svg = ElementTree.fromstring(timeline.draw(points, "T", "{:.2f}"))
    assert svg.get("aria-label") == "T: 0.50 first, 0.25 now"
    dots = [(float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in svg.iter("circle")]
    assert [x for x, _ in dots] == sorted(x for x, _ in dots)
    assert dots[0][1] == dots[1][1] < dots[2][1]
    assert all(0 < x < timeline.WIDTH and 0 < y < timeline.HEIGHT for x, y in dots)
    assert [dot.findtext("title") for dot in svg.iter("circle")][2] == "2026-03-01: 0.25"


def test_equal_values_and_equal_days_can_be_drawn() -> None:
    svg = ElementTree.fromstring(timeline.draw([(date(2026, 1, 1), 1.0)] * 2, "T", "{}"))
    first, second = (float(dot.get("cx", "")) for dot in svg.iter("circle"))
    assert first < second


def test_the_feed_has_absolute_links_the_newest_first_and_no_time_of_building(tmp_path: Path) -> None:
    for method, backbone in (("icr", cells.MODEL), ("first-stage", None)):
        cells.write_cell(tmp_path / "results", cells.request(method, backbone=backbone))
    cells.write_cell(tmp_path / "results", cells.request("core"), finished=False)
    one, two = (
        build([tmp_path / "results"], tmp_path / name, base_url=f"{URL}/").index.parent / "feed.xml"
        for name in ("one", "two")
    )
    assert one.read_bytes() == two.read_bytes()
    feed = ElementTree.fromstring(one.read_bytes())
    assert feed.findtext(f"{ATOM}id") == f"{URL}/"
    for name in ("title", "updated", f"author/{ATOM}name"):
        assert feed.findtext(ATOM + name)
    entries = feed.findall(f"{ATOM}entry")
    updated = [entry.findtext(f"{ATOM}updated", "") for entry in entries]
    assert updated == sorted(updated, reverse=True)
    assert feed.findtext(f"{ATOM}updated") == updated[0]
    ids = [entry.findtext(f"{ATOM}id", "") for entry in entries]
    assert len(set(ids)) == len(ids)
    runs = [entry for entry in entries if "/runs/" in entry.findtext(f"{ATOM}id", "")]
    assert len(runs) == 2, "a run that is not complete is no news"
    for entry in entries:
        (link,) = entry.findall(f"{ATOM}link")
        address = link.get("href", "")
        assert address.startswith(f"{URL}/")
        assert (one.parent / address.removeprefix(f"{URL}/").partition("#")[0]).is_file()
    found = '<link rel="alternate" type="application/atom+xml" title="New runs and changes" href="feed.xml">'
    for name in ("index.html", "history.html"):
        assert found in (one.parent / name).read_text(encoding="utf-8")


def test_without_an_address_there_is_no_feed_and_no_link_to_it(tmp_path: Path) -> None:
    cells.write_cell(tmp_path / "results", cells.request())
    folder = build([tmp_path / "results"], tmp_path / "site").index.parent
    assert not (folder / "feed.xml").exists()
    assert "feed.xml" not in (folder / "history.html").read_text(encoding="utf-8")


def test_a_time_that_is_none_is_the_oldest_and_no_error(tmp_path: Path) -> None:
    folder = cells.write_cell(tmp_path / "results", cells.request())
    path = folder / "summary.json"
    path.write_text(path.read_text(encoding="utf-8").replace("2026-03-01T10:05:12+00:00", "<soon>"), encoding="utf-8")
    feed = build([tmp_path / "results"], tmp_path / "site", base_url=URL).index.parent / "feed.xml"
    assert "<updated>1970-01-01T00:00:00+00:00</updated>" in feed.read_text(encoding="utf-8")


def test_the_changelog_is_escaped_and_its_lists_and_code_are_html() -> None:
    found = changelog.html("# Title\n\n## 1.0 <b>\n\n- one `a<b`\n  goes on\n- two\n\nText & more.\n### Deep\n- last")
    assert found.splitlines() == [
        "<h3>1.0 &lt;b&gt;</h3>",
        "<ul>",
        "<li>one <code>a&lt;b</code> goes on</li>",
        "<li>two</li>",
        "</ul>",
        "<p>Text &amp; more.</p>",
        "<h4>Deep</h4>",
        "<ul>",
        "<li>last</li>",
        "</ul>",
    ]
    assert changelog.html("") == ""


def test_the_projects_own_changelog_is_on_the_page(demo_site: Path) -> None:
    html = (demo_site / "history.html").read_text(encoding="utf-8")
    assert site.CHANGELOG.is_file()
    assert "0.1.0 (unreleased)" in html
    assert "`" not in html
