"""The shell command that runs one cell alone, in parts that many cells share."""

from __future__ import annotations

import shlex
from pathlib import Path

from benchmark.harness.record import CollectionRequest
from benchmark.shell_values import in_shell
from benchmark.suites import Suite, SuiteCollection, SuiteMethod


def of_suite(suite: Suite, typed: str | None) -> str:
    """The command's start; ``typed``: the suite's file, None: its name."""
    return shlex.join(["rerankbench", "run", impersonal_name(typed or suite.name)])


def of_method(name: str, entry: SuiteMethod) -> str:
    """Which method, with what its entry changes."""
    words = ["--method", f"{name}:{entry.preset}"]
    for key, value in entry.options.items():
        words += ["--option", f"{key}={in_shell(impersonal_name(value) if isinstance(value, str) else value)}"]
    return shlex.join(words)


def of_backbone(name: str) -> str:
    """Which backbone."""
    return shlex.join(["--backbone", impersonal_name(name)])


def of_collection(entry: SuiteCollection, request: CollectionRequest) -> str:
    """Which collection, with its split and run: the suite may hold it more than once."""
    asked = f"{impersonal_name(entry.collection)}:{request.split}:{request.first_stage}"
    return shlex.join(["--collection", asked, "--depth", str(request.depth)])


def impersonal_name(name: str) -> str:
    """A name as typed; of a path only what lies below the current folder, else its last part.

    Commands are published, and where somebody keeps their files is nobody's business.
    """
    path = Path(name).expanduser()
    if not path.is_absolute() and ".." not in path.parts:
        return name
    absolute, here = path.resolve(), Path.cwd().resolve()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else absolute.name
