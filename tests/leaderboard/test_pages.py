"""What the pages of methods, backbones, collections and runs tell."""

from __future__ import annotations

import csv
import json
import re
from itertools import pairwise
from pathlib import Path

import cells
import pytest
from justhtml import JustHTML

from benchmark.backbones import catalogue as backbones
from benchmark.collections import catalogue as collections
from benchmark.evaluation.statistics import paired_test
from leaderboard import build
from methods import registry


def words(path: Path) -> str:
    """The text of a page's main part, white space aside."""
    return " ".join(JustHTML(path.read_text(encoding="utf-8"), sanitize=False).query("main")[0].to_text().split())


def page(site: Path, pattern: str) -> Path:
    return next(iter(sorted(site.glob(pattern))))


@pytest.fixture(scope="module")
def measured_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogued collection for which there are published numbers."""
    folder = tmp_path_factory.mktemp("measured")
    known = collections.entries()["trec-dl-2019"].splits["test"].runs["bm25"].sha256
    on = cells.collection("trec-dl-2019", first_stage="bm25", run_sha256=known, depth=100)
    cells.write_cell(folder / "results", cells.request("first-stage", backbone=None, on=on), quality=0.5)
    for backbone in ("rank-zephyr-7b-v1-full", "qwen3-0.6b"):
        cells.write_cell(folder / "results", cells.request("rankgpt", backbone=backbone, on=on), quality=0.7)
    return build([folder / "results"], folder / "site", cache=folder / "cache").index.parent


def test_every_method_and_backbone_has_a_page_whether_it_ran_or_not(demo_site: Path) -> None:
    names = {path.stem for path in (demo_site / "methods").glob("*.html")}
    assert {*registry.plugins(), "listwise-generation"} <= names
    assert set(backbones.entries()) <= {path.stem for path in (demo_site / "backbones").glob("*.html")}
    assert "No run of this method is published here yet." in words(demo_site / "methods" / "routehead.html")
    assert "Known by its results only." in words(demo_site / "methods.html")


def test_a_method_shows_its_card_presets_and_results(demo_site: Path) -> None:
    text, card = words(demo_site / "methods" / "icr.html"), registry.find("icr").card
    assert card.paper is not None
    for fact in (card.title, card.summary, card.paper.title, card.licence, *card.differences, *card.presets):
        assert " ".join(fact.split()) in text
    assert "words=300" in text
    assert "@misc{chen2024," in text
    runs = [path.stem for path in (demo_site / "runs").glob("icr.*.html")]
    html = (demo_site / "methods" / "icr.html").read_text(encoding="utf-8")
    assert len(runs) == 3
    assert all(f"../runs/{run}.html" in html for run in runs)


def test_a_method_with_heads_shows_maps_curves_and_published_sets(demo_site: Path) -> None:
    html = (demo_site / "methods" / "qrhead.html").read_text(encoding="utf-8")
    for kind in ("map", "layers"):
        assert f'src="heads/qrhead.smollm2-135m-instruct.demo.{kind}.svg"' in html
        picture = demo_site / "methods" / "heads" / f"qrhead.smollm2-135m-instruct.demo.{kind}.svg"
        assert picture.read_text(encoding="utf-8").startswith("<svg")
    assert "llama-3.1-8b-instruct.nq" in html
    assert "<img" not in (demo_site / "methods" / "icr.html").read_text(encoding="utf-8")


def test_a_backbone_shows_what_the_catalogue_and_its_runs_say(demo_site: Path) -> None:
    text, spec = words(demo_site / "backbones" / f"{cells.MODEL}.html"), backbones.entries()[cells.MODEL]
    assert spec.licence is not None
    assert f"{spec.parameters:,}" in text
    assert f"{spec.context_length:,} tokens" in text
    assert spec.licence.name in text
    assert f"hub: example/{cells.MODEL} {cells.digest(cells.MODEL)[:12]} float32" in text
    assert "CoRe" in text


def test_a_collection_shows_rules_judgements_first_stage_and_neighbours(demo_site: Path, demo_results: Path) -> None:
    text, spec = words(page(demo_site, "collections/demo-*.html")), collections.entries()["demo"]
    assert spec.description[:60] in text
    assert "3 answers fully" in text
    assert "10 a topic from BM25 by bm25s" in text
    assert "A demonstration, not a benchmark." in text
    ranked = [row for row in _table(demo_site, "runs-demo-*") if row["rank"]]
    pairs = _table(demo_site, "neighbours-demo-*")
    assert [(one["page"], two["page"]) for one, two in pairwise(ranked)] == [
        (pair["above"], pair["below"]) for pair in pairs
    ]
    first, second = (_by_topic(demo_results, pairs[0][key]) for key in ("above", "below"))
    wanted = paired_test(first, second)
    assert float(pairs[0]["difference"]) == pytest.approx(wanted.difference)
    assert float(pairs[0]["p"]) == pytest.approx(wanted.p_value, abs=0.02)
    assert (int(pairs[0]["better"]), int(pairs[0]["worse"])) == (wanted.wins, wanted.losses)


def _by_topic(results: Path, address: str) -> dict[str, float]:
    summary = json.loads((results / Path(address).stem / "summary.json").read_text(encoding="utf-8"))
    values: dict[str, float] = summary["metrics"]["per_query"]["nDCG@10"]
    return values


def _table(site: Path, pattern: str) -> list[dict[str, str]]:
    path = page(site, f"data/tables/{pattern}.csv")
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_published_numbers_stand_beside_measured_ones_with_the_difference(measured_site: Path) -> None:
    text = words(page(measured_site, "collections/trec-dl-2019-*.html"))
    assert "Published numbers beside measured ones" in text
    rows = _table(measured_site, "published-trec-dl-2019-*")
    beside = [row for row in rows if row["run"]]
    assert {row["method"] for row in beside} >= {"BM25", "RankZephyr 7B V1 - Full"}
    for row in beside:
        assert float(row["difference"]) == pytest.approx(float(row["measured"]) - float(row["published"]))
        assert row["url"].startswith("https://")
    assert not [row for row in beside if "qwen3" in row["run"]], "measured with another model"
    assert [row for row in rows if not row["run"]], "the others stand apart"
    assert "without a run here under the same conditions" in text


def test_a_run_is_compared_with_the_first_stage_and_its_neighbour(demo_site: Path, demo_results: Path) -> None:
    run = page(demo_site, "runs/pointwise-relevance.default.*.html")
    text = words(run)
    first = next(demo_results.glob("first-stage.*")).name
    wanted = paired_test(_by_topic(demo_results, run.name), _by_topic(demo_results, f"{first}.html"))
    assert "Against the first stage: first-stage" in text
    assert f"better on {wanted.wins}, equal on {wanted.ties}, worse on {wanted.losses} of 35 topics" in text
    assert "Against the run ranked just above it:" in text
    assert "Compare it with any other run" in text
    html = run.read_text(encoding="utf-8")
    assert html.count('class="bars"') == 2
    rankings = html.count('<ol class="firsts">') + html.count('<span class="quiet">failed</span>')
    assert rankings == 2 * 2 * 5, "two comparisons, two runs, five queries"


def test_a_timed_session_is_told_with_its_ratio(demo_site: Path) -> None:
    text = words(page(demo_site, "runs/icr.default.*.html"))
    assert "Timed session 5 queries, one at a time, each 3 times, after 2 warm-up queries" in text
    assert "Ratio to a bare pass over the same tokens 1.60" in text
    assert "0.9 queries a second" in text
    assert "Timed session" not in words(page(demo_site, "runs/query-likelihood.default.*.html"))
    assert "GFLOP" in text


def test_a_backbone_gives_the_reason_of_a_missing_score_in_a_word_and_leads_to_the_run(tmp_path: Path) -> None:
    parts = [name for name in collections.entries() if name.startswith("beir-cqadupstack-")][:2]
    for name in (*parts, "beir-nfcorpus"):
        cells.write_cell(tmp_path / "results", cells.request(on=cells.collection(name)))
        failures = range(12) if name == parts[1] else ()
        cells.write_cell(tmp_path / "results", cells.request("core", on=cells.collection(name)), failures=failures)
    site = build([tmp_path / "results"], tmp_path / "site").index.parent
    html = page(site, "backbones/smollm2-135m-instruct.html").read_text(encoding="utf-8")
    found = re.search(r'<a href="\.\./runs/(\S+)\.html" title="failed: All 12 queries failed[^"]*">failed</a>', html)
    assert found is not None
    assert (site / "runs" / f"{found[1]}.html").is_file()


def test_a_run_can_be_cited_and_has_its_queries_as_data(demo_site: Path, demo_results: Path) -> None:
    run = page(demo_site, "runs/icr.default.*.html")
    identity = json.loads((demo_results / run.stem / "summary.json").read_text())["identity"]
    assert f"@misc{{rerankbench-{identity[:12]}," in words(run)
    rows = list(csv.DictReader(run.with_suffix(".csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 35
    assert {row["query"] for row in rows} == {f"q{number:02}" for number in range(1, 36)}


def test_the_page_about_the_leaderboard_says_how_to_take_part_and_cite(demo_site: Path) -> None:
    text = words(demo_site / "about.html")
    for part in (
        "rerankbench submit results",
        "Rules for texts",
        "@misc{rerankbench,",
        "How it is measured",
        "CC0-1.0",
    ):
        assert part in text
