from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.perf import leaderboard as perf
from leaderboard import reading

pytestmark = pytest.mark.slow


def test_what_is_built_from_are_whole_cells_of_so_many_rows_and_collections(tmp_path: Path) -> None:
    perf.make(tmp_path, rows=3, collections=2, topics=4)
    entries = reading.read([tmp_path])
    assert len(entries) == 6
    assert len({entry.cell.request.collection.name for entry in entries}) == 2
    for entry in entries:
        assert entry.cell.summary is not None
        assert entry.cell.summary.identity == entry.cell.request.identity
        assert entry.topics is not None
        assert len(entry.topics.qids) == 4


def test_it_prints_three_builds_and_sizes() -> None:
    outcome = CliRunner().invoke(perf.main, ["--rows", "2", "--collections", "1", "--topics", "3"])
    assert outcome.exit_code == 0, outcome.output
    lines = outcome.output.splitlines()
    assert [line.partition(":")[0] for line in lines[1:4]] == ["new", "unchanged", "one cell changed"]
    assert lines[2].endswith(" 0 files written")
    assert lines[4].startswith("index.html: ")
