import os
import sys
import threading
import types

import pytest

from benchmark.errors import UserError
from leaderboard.forks import spread


def processes(jobs: int, count: int = 6) -> set[int]:
    return {number for number, _ in spread(lambda place: (os.getpid(), place), count, jobs)}


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a build of its own; other tests of this process may have imported it."""
    if sys.platform != "linux" or threading.active_count() > 1:
        pytest.skip("no copies are made here")
    monkeypatch.delitem(sys.modules, "torch", raising=False)


@pytest.mark.usefixtures("without_torch")
def test_results_come_in_order_from_other_processes() -> None:
    found = list(spread(lambda place: (os.getpid(), place**2), 20, 2))
    assert [value for _, value in found] == [place**2 for place in range(20)]
    assert os.getpid() not in {number for number, _ in found}


@pytest.mark.usefixtures("without_torch")
def test_what_is_wrong_is_raised_here() -> None:
    def work(place: int) -> int:
        if place == 3:
            raise UserError(["one", "two"])
        return place

    with pytest.raises(UserError) as caught:
        list(spread(work, 5, 2))
    assert caught.value.problems == ("one", "two")


@pytest.mark.parametrize(("jobs", "count"), [(1, 5), (4, 1), (4, 0)])
def test_little_work_and_one_job_stay_here(jobs: int, count: int) -> None:
    assert processes(jobs, count) <= {os.getpid()}


def test_beside_torch_no_copies_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))
    assert processes(4) == {os.getpid()}


def test_beside_other_threads_no_copies_are_made() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert processes(4) == {os.getpid()}
    finally:
        done.set()
        thread.join()
