import json
import time
import zipfile
from pathlib import Path

import cells
import pytest

from benchmark.harness.store import pretty
from benchmark.hashing import sha256_file
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
        for file in run.files:
            assert sha256_file(demo_site / file.path) == file.sha256
            assert (demo_site / file.path).stat().st_size == file.bytes
    raw = json.loads(data)
    assert (raw["schema_version"], raw["licence"]) == (1, "CC0-1.0")
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
    runs = {name: held.pop(name) for name in list(held) if name.startswith("runs/")}
    of_pages = {path for path in (data / "tables").iterdir() if not path.name.startswith("queries-")}
    expected = [*of_pages, data / "leaderboard.json", data / "leaderboard.schema.json"]
    assert held == {path.relative_to(data).as_posix(): path.read_bytes() for path in expected}
    (path,) = (data / "runs").iterdir()
    assert runs == {f"runs/{path.name}": path.read_bytes()}
    assert f'href="../data/runs/{path.name}"' in next((demo_site / "collections").glob("demo-*.html")).read_text(
        "utf-8"
    )
    members = [("b", b"1"), ("a.zip", path)]
    bundle.write(tmp_path / "one", members)
    time.sleep(0.01)
    bundle.write(tmp_path / "two", members)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_the_zip_of_a_collection_has_every_file_of_every_run(demo_site: Path) -> None:
    (path,) = (demo_site / "data" / "runs").iterdir()
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    runs = Dataset.model_validate_json((demo_site / "data" / "leaderboard.json").read_bytes()).runs
    assert {name.partition("/")[0] for name in held} == {Path(run.page).stem for run in runs}
    for run in runs:
        name = Path(run.page).stem
        for file in run.files:
            assert held.pop(f"{name}/{Path(file.path).name}") == (demo_site / file.path).read_bytes()
        for kind in ("csv", "json"):
            assert (
                held.pop(f"{name}/queries.{kind}")
                == (demo_site / "data" / "tables" / f"queries-{name}.{kind}").read_bytes()
            )
    assert held == {}


def test_the_record_of_a_run_holds_what_its_folder_does(tmp_path: Path) -> None:
    folder = cells.write_cell(tmp_path / "results", cells.request(), timed_on=cells.machine())
    later = cells.machine(started="2026-03-02T10:00:00+00:00")
    (folder / "sessions.jsonl").write_text(f"{later.model_dump_json()}\n" * 2, encoding="utf-8")
    site = build([tmp_path / "results"], tmp_path / "site").index.parent
    record = json.loads((site / "data" / folder.name / "record.json").read_bytes())
    for part in ("request", "machine", "summary", "timing"):
        assert record.pop(part) == json.loads((folder / f"{part}.json").read_bytes())
    assert record == {"sessions": [later.model_dump(mode="json")] * 2}


def test_every_table_of_the_overview_has_its_data_and_a_link_to_it(demo_site: Path) -> None:
    html = (demo_site / "index.html").read_text(encoding="utf-8")
    found = [path.name for path in (demo_site / "data" / "tables").glob("family-*")]
    assert len(found) == 2 * html.count("data-sortable")
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
