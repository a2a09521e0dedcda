from pathlib import Path

from justhtml import JustHTML

from benchmark.evaluation.metrics import METRICS
from leaderboard import columns

DOCS = Path(__file__).parents[2] / "docs" / "leaderboard.md"


def test_the_documentation_says_what_the_page_says() -> None:
    docs = DOCS.read_text(encoding="utf-8")
    assert columns.markdown(columns.entries()) in docs
    assert columns.markdown(columns.OTHERS) in docs


def test_every_column_is_explained_in_one_sentence() -> None:
    for column in (*columns.COLUMNS, *columns.OTHERS):
        assert column.meaning.endswith("."), column.name
        assert ". " not in column.meaning, f"{column.name}: more than one sentence"
        assert 20 < len(column.meaning) < 200, column.name
    names = [name for column in (*columns.entries(), *columns.OTHERS) for name in (column.name, *column.also)]
    assert len(set(names)) == len(names)
    assert set(METRICS) <= set(names)


def test_every_heading_of_every_table_is_explained(demo_site: Path) -> None:
    large = {name for column in columns.entries() for name in (column.name, *column.also)}
    known = large | {name for column in columns.OTHERS for name in (column.name, *column.also)}
    unknown = {"Column", "What it says", "Demo collection"}
    for path in demo_site.rglob("*.html"):
        for table in JustHTML(path.read_text(encoding="utf-8"), sanitize=False).query("table"):
            headings = {" ".join(heading.to_text().split()) for heading in table.query("thead th")}
            assert headings <= (large if len(headings) > 10 else known | unknown), path.name
