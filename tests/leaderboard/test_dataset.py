import json
import zipfile
from pathlib import Path

import cells
import pytest

from benchmark.harness.store import pretty
from benchmark.hashing import sha256_bytes
from leaderboard import build, bundle, dataset
from leaderboard.dataset import Dataset
from leaderboard.write_schema import FILE


def test_every_run_is_in_it_and_it_follows_its_own_schema(demo_site: Path) -> None:
    data = (demo_site / "data" / "leaderboard.json").read_bytes()
    found = Dataset.model_validate_json(data)
    assert len(found.runs) == 12
    assert {run.status for run in found.runs} == {"complete", "incomplete", "failed"}
    for run in found.runs:
        assert (demo_site / run.page).is_file()
        assert (run.reason is None) == (run.status == "complete") == bool(run.metrics)
        with zipfile.ZipFile(demo_site / run.zip) as archive:
            held = {name: archive.read(name) for name in archive.namelist()}
        assert held.pop("queries.csv") == (demo_site / run.page).with_suffix(".csv").read_bytes()
        assert [*held] == [file.name for file in run.files]
        for file in run.files:
            assert (sha256_bytes(held[file.name]), len(held[file.name])) == (file.sha256, file.bytes)
    raw = json.loads(data)
    assert (raw["schema_version"], raw["licence"]) == (2, "CC0-1.0")
    schema = json.loads((demo_site / "data" / "leaderboard.schema.json").read_bytes())
    assert set(raw) == set(schema["properties"])
    assert set(raw["runs"][0]) == set(schema["$defs"]["Run"]["properties"])


def test_the_schema_in_docs_is_the_one_of_the_code() -> None:
    path = Path(__file__).parents[2] / FILE
    assert path.read_text(encoding="utf-8") == pretty(dataset.schema()), "python -m leaderboard.write_schema"


def test_the_zip_has_everything_and_the_same_bytes_for_the_same_content(demo_site: Path, tmp_path: Path) -> None:
    data = demo_site / "data"
    with zipfile.ZipFile(data / "leaderboard.zip") as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    assert b"CC0-1.0" in held.pop("README.txt")
    files = [
        path
        for path in data.rglob("*")
        if path.is_file() and path.suffix != ".jsonl" and path.name != "leaderboard.zip"
    ]
    assert held == {path.relative_to(data).as_posix(): path.read_bytes() for path in files}
    assert {path.name for path in (data / "runs").iterdir()} == {
        f"{page.stem}.zip" for page in (demo_site / "runs").glob("*.html")
    }
    zipped = bundle.of_run([("b", b"1"), ("a", "2")])
    assert zipped == bundle.of_run([("b", "1"), ("a", b"2")])


def test_an_unpacked_run_is_a_run_again(demo_site: Path, demo_results: Path, tmp_path: Path) -> None:
    path = next((demo_site / "data" / "runs").glob("core.reversed.*.zip"))
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "results" / path.stem)
    again = build([tmp_path / "results"], tmp_path / "site").index.parent
    (run,) = Dataset.model_validate_json((again / "data" / "leaderboard.json").read_bytes()).runs
    known = Dataset.model_validate_json((demo_site / "data" / "leaderboard.json").read_bytes()).runs
    (before,) = (each for each in known if each.page == run.page)
    assert (run.metrics, run.files) == (before.metrics, before.files)
    folder = demo_results / path.stem
    assert (tmp_path / "results" / path.stem / "run.trec").read_bytes() == (folder / "run.trec").read_bytes()


def test_every_table_of_the_overview_has_its_data_and_a_link_to_it(demo_site: Path) -> None:
    html = (demo_site / "index.html").read_text(encoding="utf-8")
    found = [path.name for path in (demo_site / "data" / "tables").glob("family-*")]
    assert len(found) == 3 * html.count("data-sortable"), "CSV, JSON and BibTeX"
    for name in found:
        assert f'href="data/tables/{name}"' in html


def test_data_of_the_overview_is_not_rounded_and_says_why_a_cell_is_missing(demo_site: Path) -> None:
    (path,) = (demo_site / "data" / "tables").glob("family-*.json")
    rows = json.loads(path.read_bytes())["rows"]
    runs = Dataset.model_validate_json((demo_site / "data" / "leaderboard.json").read_bytes()).runs
    exact = {run.metrics["nDCG@10"] for run in runs if run.metrics}
    assert {row["mean nDCG@10"] for row in rows if row["mean nDCG@10"] is not None} == exact
    missing = [row["missing Demo collection"] for row in rows if row["mean nDCG@10"] is None]
    assert len(missing) == 2
    assert all(missing)


@pytest.mark.parametrize("name", ["=cmd()", "@x"])
def test_a_hostile_method_is_text_in_the_csv_of_the_site(tmp_path: Path, name: str) -> None:
    cells.write_cell(tmp_path / "results", cells.request(name))
    site = build([tmp_path / "results"], tmp_path / "site").index.parent
    (path,) = (site / "data" / "tables").glob("family-*.csv")
    assert f",'{name}," in path.read_text(encoding="utf-8")
