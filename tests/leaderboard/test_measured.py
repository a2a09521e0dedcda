import cells
import pytest

from benchmark import published
from benchmark.collections import catalogue
from leaderboard import measured, reading
from leaderboard.grouping import sections
from leaderboard.measured import Reported
from leaderboard.rows import Row
from methods import registry


def number(**changes: object) -> Reported:
    values: dict[str, object] = {
        "method": "ICR",
        "backbone": "meta-llama/Llama-3.1-8B-Instruct",
        "first_stage": "BM25",
        "depth": "10",
        "value": 70.0,
        "source": "a paper",
        "url": "https://example.org",
    }
    return Reported(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[Row, ...]:
    folder = tmp_path_factory.mktemp("measured")
    cells.write_cell(folder, cells.request("first-stage", backbone=None), quality=0.6)
    cells.write_cell(folder, cells.request("icr", backbone="llama-3.1-8b-instruct"), quality=0.7)
    cells.write_cell(folder, cells.request("icr", "paper", backbone="llama-3.1-8b-instruct"), quality=0.72)
    cells.write_cell(folder, cells.request("rankgpt", backbone="rank-zephyr-7b-v1-full"), topics=4, finished=False)
    (section,) = sections(reading.read([folder]), catalogue.entries())
    return section.rows


def test_the_same_method_model_first_stage_and_depth_stand_beside(rows: tuple[Row, ...]) -> None:
    found = measured.beside(rows, [number()])
    assert sorted(pair.row.request.method.preset for pair in found.pairs) == ["default", "paper"]
    assert found.apart == ()
    for pair in found.pairs:
        assert pair.row.score is not None
        assert pair.measured == pytest.approx(100 * pair.row.score)
        assert pair.difference == pytest.approx(pair.measured - 70.0)
        low, high = pair.row.summary.metrics.interval["nDCG@10"] if pair.row.summary else (0.0, 0.0)
        assert pair.within == (low <= 0.7 <= high)


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "RankGPT"},
        {"method": "ICR with a twist"},
        {"backbone": "Llama-3.1-70B-Instruct"},
        {"backbone": None},
        {"first_stage": "Contriever"},
        {"first_stage": "BM25 shuffled"},
        {"depth": "100"},
        {"depth": "not stated in the part read"},
        {"method": "RankZephyr (7B)", "backbone": None},
    ],
)
def test_any_other_condition_stands_apart(rows: tuple[Row, ...], changes: dict[str, object]) -> None:
    found = measured.beside(rows, [number(**changes)])
    assert found.pairs == ()
    assert len(found.apart) == 1


def test_the_first_stage_is_compared_whatever_was_retrieved_below(rows: tuple[Row, ...]) -> None:
    found = measured.beside(rows, [number(method="BM25", backbone=None, depth="1000")])
    assert [pair.row.request.method.name for pair in found.pairs] == ["first-stage"]


def test_what_the_catalogue_knows_of_first_stages_is_from_0_to_100() -> None:
    spec = catalogue.entries()["trec-dl-2019"]
    found = {result.method: result for result in measured.first_stages(spec, "test")}
    assert found["BM25"].value == pytest.approx(50.58)
    assert all(1 < result.value < 100 for result in found.values())
    assert all(result.url.startswith("https://") for result in found.values())


def test_names_of_methods_are_those_of_the_table_and_of_ours() -> None:
    known = {result.method for result in published.results()}
    assert set(measured.METHODS) <= known, "a name that no publication has"
    assert {name for name, _ in measured.METHODS.values()} <= set(registry.plugins())
