import json
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import cells
import pytest

from benchmark.errors import UserError
from benchmark.harness.record import CellFailure, TrainingOverlap
from leaderboard import build
from leaderboard.offered import FILES
from leaderboard.output import MARKER

VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta"}
HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"


class Page(HTMLParser):
    """Tags with their attributes, ids, text; refuses tags that are not closed in order."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def pages(site: Path) -> dict[str, Page]:
    return {path.relative_to(site).as_posix(): Page(path) for path in sorted(site.rglob("*.html"))}


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_report_counts_what_is_there(tmp_path: Path) -> None:
    cells.demo_results(tmp_path / "results")
    report = build([tmp_path / "results"], tmp_path / "deep" / "site")
    assert report.rows == 12
    assert report.written == len(content(report.index.parent)) - 1, "all but the marker"
    assert report.index == tmp_path / "deep" / "site" / "index.html"
    assert len(pages(report.index.parent)) == report.pages
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["site"]


def test_index_has_one_captioned_table_a_family_with_scoped_headers(demo_site: Path) -> None:
    index = Page(demo_site / "index.html")
    assert len(index.all("table")) == len(index.all("caption")) == 1
    assert {cell.get("scope") for cell in index.all("th")} == {"row", "col"}
    assert [len(index.all(tag)) for tag in ("main", "h1", "nav", "footer")] == [1, 1, 1, 1]
    assert index.all("a")[0] == {"class": "skip", "href": "#main"}
    for heading in ("Rank Method nDCG@10 Δ first Latency Ratio MiB Tokens Passes FLOPs Formed Failed Trust Date",):
        assert heading in index.words


def test_every_row_of_the_table_is_as_wide_as_its_head(demo_site: Path) -> None:
    html = (demo_site / "index.html").read_text(encoding="utf-8")
    rows = re.findall(r"<tr.*?</tr>", html[html.index("<table") : html.index("</table>")], re.DOTALL)
    widths = [
        sum(int((re.search(r'colspan="(\d+)"', cell) or [0, 1])[1]) for cell in re.findall(r"<t[hd][^>]*>", row))
        for row in rows
    ]
    head, *body = widths
    assert set(body) == {head}


def test_what_a_model_wrote_is_shown_where_one_writes(tmp_path: Path) -> None:
    cells.write_cell(tmp_path / "results", cells.request("icr"))
    folder = cells.write_cell(tmp_path / "results", cells.request("rankgpt"), written=96, quality=0.9)
    site = build([tmp_path / "results"], tmp_path / "site").index.parent
    words = Page(site / "index.html").words
    assert re.search(r"[\d,]+ \+ 96 2 – 91\.7%", words), "33 of 36 answers"
    assert re.search(r"[\d,]+ 2 – – 0 own run", words), "ICR writes nothing"
    page = Page(site / "runs" / f"{folder.name}.html").words
    assert "Well-formed answers 91.7% of 36 · 1 cut · 3 missing" in page
    assert "3 of 3 answers malformed (missing, cut)" in page


def test_the_demo_is_visibly_a_demonstration(demo_site: Path) -> None:
    words = Page(demo_site / "index.html").words
    assert "A demonstration, not a benchmark." in words
    assert "position bias" in words
    assert "CC0-1.0" in words


def test_another_collection_has_no_demo_note(tmp_path: Path) -> None:
    cells.write_cell(tmp_path / "results", cells.request(on=cells.collection("elsewhere")))
    words = Page(build([tmp_path / "results"], tmp_path / "site").index).words
    assert "demonstration" not in words
    assert "Not the catalogued data." in words


def test_rows_that_saw_test_data_are_marked_and_no_others(tmp_path: Path) -> None:
    seen = TrainingOverlap(source="demo:test", checked=True, queries=3, documents=9)
    clean = TrainingOverlap(source="demo:train", checked=True, queries=0, documents=0)
    cells.write_cell(tmp_path / "results", cells.request("qrhead"), training=[seen])
    cells.write_cell(tmp_path / "results", cells.request("core"), training=[clean])
    cells.write_cell(tmp_path / "results", cells.request("icr"))
    site = build([tmp_path / "results"], tmp_path / "site").index.parent
    html = (site / "index.html").read_text(encoding="utf-8")
    rows = [row for row in re.findall(r"<tr.*?</tr>", html, re.DOTALL) if '<th scope="row" class="method"' in row]
    marked = [row for row in rows if "saw test data" in row]
    assert len(rows) == 3
    assert len(marked) == 1
    assert "methods/qrhead.html" in marked[0]
    assert 'title="fitted on demo:test: saw 3 topics and 9 documents of this collection"' in marked[0]
    details = {name: page.words for name, page in pages(site).items() if name.startswith("runs/")}
    assert sum("saw 3 topics and 9 documents" in words for words in details.values()) == 1
    assert sum("demo:train" in words for words in details.values()) == 1


def test_numbers_of_a_row(tmp_path: Path) -> None:
    cells.write_cell(tmp_path / "results", cells.request("first-stage", backbone=None), quality=0.5)
    folder = cells.write_cell(tmp_path / "results", cells.request("icr", "reversed"), failures=(5,))
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    words = Page(build([tmp_path / "results"], tmp_path / "site").index).words
    mean, (low, high) = summary["metrics"]["mean"]["nDCG@10"], summary["metrics"]["interval"]["nDCG@10"]
    assert f"{mean:.3f} [{low:.3f}, {high:.3f}]" in words
    assert "ICR (in-context re-ranking) reversed" in words
    assert "1 of 12" in words
    assert re.search(r"\+0\.\d{3} p [=<] 0\.\d{3}", words)


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(demo_site: Path) -> None:
    parsed = pages(demo_site)
    ids = {name: {a["id"] for _, a in page.tags if a.get("id")} for name, page in parsed.items()}
    for name, page in parsed.items():
        assert len([a for _, a in page.tags if a.get("id")]) == len(ids[name]), f"{name}: an id is there twice"
        for tag, attributes in page.tags:
            for key in ("href", "src"):
                if key not in attributes:
                    continue
                parts = urlsplit(attributes[key] or "")
                if parts.scheme:
                    assert (tag, parts.scheme) == ("a", "https"), f"{name}: {attributes[key]}"
                    continue
                target = (demo_site / name).parent / unquote(parts.path) if parts.path else demo_site / name
                assert target.is_file(), f"{name}: {attributes[key]}"
                if parts.fragment:
                    assert parts.fragment in ids[target.resolve().relative_to(demo_site.resolve()).as_posix()]
            for key in ("aria-labelledby", "aria-describedby"):
                assert set((attributes.get(key) or "").split()) <= ids[name]


def test_pages_have_a_strict_policy_and_nothing_inline(demo_site: Path) -> None:
    for name, page in pages(demo_site).items():
        policies = [a["content"] or "" for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
        assert len(policies) == 1, name
        assert policies[0].startswith("default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:")
        assert not {tag for tag, _ in page.tags} & {"style", "iframe", "object", "base"}
        assert all(script.get("src") and "defer" in script for script in page.all("script"))
        assert not re.search(r"<script[^>]*>[^<]", (demo_site / name).read_text(encoding="utf-8"))
        assert not [key for _, a in page.tags for key in a if key == "style" or key.startswith("on")]


def test_a_run_page_tells_how_to_reproduce_it(tmp_path: Path) -> None:
    asked = cells.request("icr", "reversed", {"order": "reversed", "window": None})
    folder = cells.write_cell(tmp_path / "results", asked, failures=(5,))
    site = build([tmp_path / "results"], tmp_path / "site").index.parent
    words = Page(site / "runs" / f"{asked.slug}.html").words
    machine = cells.machine()
    assert asked.backbone is not None
    for fact in (
        machine.command,
        asked.identity,
        asked.method.source_sha256,
        asked.backbone.revision,
        asked.backbone.engine_sha256,
        asked.collection.revision,
        asked.collection.run_sha256,
        machine.processor,
        machine.packages["torch"],
        machine.started,
        "2026-03-01T10:05:12+00:00",
        'order "reversed"',
        "window null",
        "QueryError the prompt has 9,120 tokens, the model reads 8,192",
        "q12",
    ):
        assert fact in words
    with zipfile.ZipFile(site / "data" / "runs" / f"{asked.slug}.zip") as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    assert held.pop("queries.csv") == (site / "runs" / f"{asked.slug}.csv").read_bytes()
    assert held == content(folder)
    assert set(held) <= set(FILES)


def test_incomplete_and_failed_cells_are_shown_with_their_reason(demo_site: Path) -> None:
    words = Page(demo_site / "index.html").words
    assert "2 missing cells" in words
    assert "incomplete: 21 of 35 queries finished." in words
    assert "failed: All 35 queries failed; the last one with QueryError: the prompt has" in words
    page = next((demo_site / "runs").glob("setwise.*.html"))
    assert "21 of 35 queries finished." in Page(page).words
    with zipfile.ZipFile(demo_site / "data" / "runs" / f"{page.stem}.zip") as archive:
        assert "summary.json" not in archive.namelist()


def test_the_last_words_of_a_dead_worker_are_shown_as_text(tmp_path: Path) -> None:
    folder = cells.write_cell(tmp_path / "results", cells.request(), topics=3, finished=False)
    when = "2026-03-01T10:05:12+00:00"
    failure = CellFailure(when=when, kind="killed", message="by signal 9", last_lines=("<b>one</b>", "two"))
    (folder / "failure.json").write_text(failure.model_dump_json())
    site = build([tmp_path / "results"], tmp_path / "site").index.parent
    (page,) = (site / "runs").glob("*.html")
    assert "Failed after 3 of 35 queries: by signal 9." in Page(page).words
    assert "<b>one</b> two" in Page(page).words
    assert "b" not in {tag for tag, _ in Page(page).tags}


def test_hostile_text_is_text_everywhere(tmp_path: Path) -> None:
    asked = cells.request(
        HOSTILE, "../../" + HOSTILE, {HOSTILE: HOSTILE}, HOSTILE, cells.collection("../" + HOSTILE, first_stage=HOSTILE)
    )
    ran_on = cells.machine(command=HOSTILE, processor=HOSTILE, packages={HOSTILE: HOSTILE}, accelerator=HOSTILE)
    cells.write_cell(
        tmp_path / "results", asked, folder="cell", qids=[HOSTILE, "q"], failures=(1,), message=HOSTILE, ran_on=ran_on
    )
    site = build([tmp_path / "results"], tmp_path / "site").index.parent
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results", "site"]
    for name, page in pages(site).items():
        assert not [a for a in page.all("script") if set(a) != {"src", "defer"}], name
        assert all((image["src"] or "").startswith("heads/") for image in page.all("img")), name
        assert HOSTILE in " ".join(page.text) or not name.startswith(("index", "runs")), name
        assert "<script>" not in (site / name).read_text(encoding="utf-8")


def test_an_address_that_is_not_of_the_web_does_not_become_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leaderboard import site as module
    from methods.card import Card, Paper

    paper = Paper(title="P", authors=("A",), year=2024, url="javascript:alert(1)")
    card = Card(title="T", family="attention", summary="S", licence="MIT", paper=paper)
    monkeypatch.setattr(module, "_cards", lambda names: dict.fromkeys(names, card))
    cells.write_cell(tmp_path / "results", cells.request())
    site = build([tmp_path / "results"], tmp_path / "site").index.parent
    hrefs = [attributes.get("href") or "" for page in pages(site).values() for attributes in page.all("a")]
    assert not [href for href in hrefs if href.startswith("javascript")]


def test_rows_of_different_machines_are_marked(tmp_path: Path) -> None:
    cells.write_cell(tmp_path / "results", cells.request("icr"))
    cells.write_cell(tmp_path / "results", cells.request("core"), ran_on=cells.machine(processor="Another"))
    words = Page(build([tmp_path / "results"], tmp_path / "site").index).words
    assert "Different hardware in one table." in words
    assert "H1 Another, 4 cores, 16 GiB" in words


def test_rebuilding_gives_the_same_bytes_whatever_the_order_of_folders(tmp_path: Path) -> None:
    cells.demo_results(tmp_path / "b")
    cells.write_cell(tmp_path / "a", cells.request("late", on=cells.collection("elsewhere")))
    first = content(build([tmp_path / "a", tmp_path / "b"], tmp_path / "one").index.parent)
    again = content(build([tmp_path / "b", tmp_path / "a", tmp_path / "b"], tmp_path / "two").index.parent)
    assert first == again
    third = content(build([tmp_path / "a", tmp_path / "b"], tmp_path / "three", jobs=2).index.parent)
    assert first == third
    assert not [name for name, data in first.items() if str(tmp_path).encode() in data]


def test_a_site_is_replaced_as_a_whole(tmp_path: Path) -> None:
    cells.write_cell(tmp_path / "results", cells.request("icr"))
    site = build([tmp_path / "results"], tmp_path / "site").index.parent
    (site / "runs" / "stale.html").write_text("old", encoding="utf-8")
    build([tmp_path / "results"], site)
    assert not (site / "runs" / "stale.html").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results", "site"]


def test_a_failed_build_leaves_the_old_site(tmp_path: Path) -> None:
    folder = cells.write_cell(tmp_path / "results", cells.request("icr"))
    site = build([tmp_path / "results"], tmp_path / "site").index.parent
    before = content(site)
    secret = tmp_path / "secret"
    secret.write_text("secret", encoding="utf-8")
    (folder / "run.trec").unlink()
    (folder / "run.trec").symlink_to(secret)
    with pytest.raises(UserError, match="symbolic link"):
        build([tmp_path / "results"], site)
    assert content(site) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results", "secret", "site"]


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    cells.write_cell(tmp_path / "results", cells.request())
    foreign = tmp_path / "thesis"
    foreign.mkdir()
    (foreign / "chapter.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(UserError, match="not a site made by rerankbench"):
        build([tmp_path / "results"], foreign)
    assert content(foreign) == {"chapter.txt": b"years of work"}
    with pytest.raises(UserError, match="not a site"):
        build([tmp_path / "results"], foreign / "chapter.txt")


def test_an_empty_folder_may_become_the_site(tmp_path: Path) -> None:
    cells.write_cell(tmp_path / "results", cells.request())
    (tmp_path / "site").mkdir()
    assert build([tmp_path / "results"], tmp_path / "site").index.is_file()


def test_results_inside_the_output_folder_are_not_replaced_with_it(tmp_path: Path) -> None:
    cells.write_cell(tmp_path / "site" / "results", cells.request())
    (tmp_path / "site" / MARKER).touch()
    with pytest.raises(UserError, match="lies in the output folder"):
        build([tmp_path / "site" / "results"], tmp_path / "site")
    assert (tmp_path / "site" / "results").is_dir()


def test_missing_and_empty_results_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        build([tmp_path / "gone", tmp_path / "away"], tmp_path / "site")
    assert len(caught.value.problems) == 2
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no run to show in .*empty"):
        build([tmp_path / "empty"], tmp_path / "site")
    assert not (tmp_path / "site").exists()
