"""Events of a process that works for another one."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmark.harness.reporting import FAILED


def said(work: str) -> tuple[int, list[dict[str, object]], str]:
    """Status, events and error output of a process whose work is a statement."""
    code = f"""
import sys
from benchmark.errors import MachineFault, UserError
from benchmark.harness.reporting import emitter, reporting
emit = emitter()
def work():
    {work}
sys.exit(reporting(emit, work))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_events_are_lines_and_what_is_printed_is_none() -> None:
    status, events, errors = said('print("noise"); emit({"event": "query", "failure": "two\\nlines"})')
    assert (status, events) == (0, [{"event": "query", "failure": "two\nlines"}])
    assert errors == "noise\n"


@pytest.mark.parametrize(
    ("problem", "event"),
    [
        ('UserError(["one", "two"])', {"event": "problems", "problems": ["one", "two"]}),
        ('FileNotFoundError(2, "Gone", "a")', {"event": "problems", "problems": ["a: Gone"]}),
        (
            'MachineFault("out of memory", "all gone")',
            {"event": "fault", "kind": "out of memory", "message": "all gone"},
        ),
        ("BrokenPipeError()", None),
    ],
    ids=["user error", "system", "fault", "reader gone"],
)
def test_a_problem_is_an_event_and_an_exit_status(problem: str, event: dict[str, object] | None) -> None:
    status, events, _ = said(f"raise {problem}")
    assert (status, events) == (FAILED, [event] if event else [])
