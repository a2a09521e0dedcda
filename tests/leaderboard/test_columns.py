from pathlib import Path

from justhtml import JustHTML

from benchmark.evaluation.metrics import METRICS
from leaderboard import columns

DOCS = Path(__file__).parents[2] / "docs" / "leaderboard.md"


def test_the_documentation_says_what_the_page_says() -> None:
    assert columns.markdown() in DOCS.read_text(encoding="utf-8")


def test_every_column_is_explained_in_one_sentence() -> None:
    for column in columns.COLUMNS:
        assert column.meaning.endswith("."), column.name
        assert ". " not in column.meaning, f"{column.name}: more than one sentence"
        assert 20 < len(column.meaning) < 200, column.name
    names = [column.name for column in columns.entries()]
    assert len(set(names)) == len(names)
    assert set(METRICS) <= set(names)


def test_every_heading_of_the_large_tables_is_explained(demo_site: Path) -> None:
    known = {name for column in columns.entries() for name in (column.name, *column.also)}
    for path in (demo_site / "index.html", next((demo_site / "collections").glob("*.html"))):
        table = JustHTML(path.read_text(encoding="utf-8"), sanitize=False).query("table")[0]
        headings = {" ".join(heading.to_text().split()) for heading in table.query("thead th")}
        assert len(headings) > 10
        assert headings <= known
