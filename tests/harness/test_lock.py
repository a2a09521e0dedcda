"""One holder at a time, also while lock files come and go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmark.harness.lock import Lock


def test_a_held_lock_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".cell.lock"
    first, second = Lock(path), Lock(path)
    assert first.acquire()
    assert not second.acquire()
    second.release()
    assert path.exists(), "who does not hold it removes nothing"
    first.release()
    assert not path.exists()
    assert second.acquire()
    second.release()


def test_a_file_that_was_replaced_bars_nobody(tmp_path: Path) -> None:
    """Whoever opened the file before its holder removed it must not believe to hold the lock of its name."""
    path = tmp_path / ".cell.lock"
    first = Lock(path)
    assert first.acquire()
    path.unlink()
    second = Lock(path)
    assert second.acquire()
    assert not first._is_current(first._file or -1)
    assert second._is_current(second._file or -1)


def test_what_a_dead_process_held_is_free(tmp_path: Path) -> None:
    path = tmp_path / ".cell.lock"
    program = "import os, sys; from pathlib import Path; from benchmark.harness.lock import Lock; "
    program += "print(Lock(Path(sys.argv[1])).acquire(), flush=True); os.kill(os.getpid(), 9)"
    died = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert (died.returncode, died.stdout) == (-9, "True\n")
    assert path.exists()
    assert Lock(path).acquire()


def test_processes_that_compete_take_turns(tmp_path: Path) -> None:
    """Each adds 1 to a number 200 times under the lock, without care of its own: none is lost."""
    counter = tmp_path / "counter"
    counter.write_text("0")
    program = """
import sys
from pathlib import Path
from benchmark.harness.lock import Lock
lock, counter = Lock(Path(sys.argv[1]) / ".lock"), Path(sys.argv[1]) / "counter"
for _ in range(200):
    while not lock.acquire():
        pass
    counter.write_text(str(int(counter.read_text()) + 1))
    lock.release()
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    for process in [subprocess.Popen(command) for _ in range(3)]:
        assert process.wait() == 0
    assert counter.read_text() == "600"
