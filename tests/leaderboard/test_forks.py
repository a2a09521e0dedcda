"""Work in copies of a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import types

import pytest

from leaderboard.forks import spread

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux only")


def processes(jobs: int, count: int = 6) -> set[int]:
    return {number for number, _ in spread(lambda place: (os.getpid(), place), count, jobs)}


def alone(program: str) -> object:
    """What a program prints last, as JSON; of a process of its own, as a build is: without torch and other threads."""
    begin = "import json, os\nfrom benchmark.errors import UserError\nfrom leaderboard.forks import spread\n"
    done = subprocess.run([sys.executable, "-c", begin + program], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@LINUX
def test_results_come_in_order_from_other_processes() -> None:
    program = """
found = list(spread(lambda place: (os.getpid(), place ** 2), 20, 2))
print(json.dumps([[value for _, value in found], os.getpid() in {number for number, _ in found}]))
"""
    assert alone(program) == [[place**2 for place in range(20)], False]


@LINUX
def test_what_is_wrong_is_raised_here() -> None:
    program = """
def work(place):
    if place == 3:
        raise UserError([f"one of {os.getpid()}", "two"])
    return place
try:
    list(spread(work, 5, 2))
except UserError as error:
    print(json.dumps([*error.problems, os.getpid()]))
"""
    one, two, here = alone(program)  # type: ignore[misc]
    assert one.startswith("one of ")
    assert one != f"one of {here}"
    assert two == "two"


@LINUX
def test_a_process_that_is_killed_is_no_silent_loss() -> None:
    program = """
try:
    list(spread(lambda place: os.kill(os.getpid(), 9), 3, 2))
except RuntimeError as error:
    print(json.dumps(str(error)))
"""
    assert alone(program) == "a process of this build was killed, perhaps for want of memory; try fewer jobs"


@LINUX
def test_when_the_first_process_is_killed_the_others_end() -> None:
    program = """
import signal, sys, time
def work(place):
    os.write(1, f"{os.getpid()} ".encode())  # at once: both write to the same pipe
    if place == 1:
        time.sleep(0.2)
        os.kill(os.getppid(), signal.SIGKILL)
    return place
list(spread(work, 2, 2))
"""
    command = [sys.executable, "-c", f"import os\nfrom leaderboard.forks import spread\n{program}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)  # waits for all that hold its output
    assert done.returncode == -9
    assert len(set(done.stdout.split())) == 2


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
