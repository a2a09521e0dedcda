"""Whether a method in a checkout is ready to be sent, and what is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.errors import UserError
from methods import registry
from methods.registry import Plugin

CHOSEN = "RERANKBENCH_CONTRACT"
"""Names of the methods the contract test is run for, with commas; all where it is not set."""

LAST_LINES = 15


@dataclass
class Findings:
    """What a check found.

    Attributes:
        passed: what was done, in words; missing: what has to be mended; advice: what would make it better.
    """

    passed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)


def plugin_in(path: Path) -> Plugin:
    """The method whose folder this is; UserError where there is none."""
    for plugin in registry.plugins().values():
        if plugin.folder.resolve() == path.resolve():
            return plugin
    raise UserError(f"{path}: no method's folder. It must hold method.py and card.yaml, and lie in methods/.")


def check(plugin: Plugin, root: Path, demo: Callable[[Plugin], str] | None) -> Findings:
    """Card, class and options; the contract and the method's own tests on a tiny model; the demo suite.

    Args:
        root: of the checkout; demo: runs the demo suite for the method and says how it went, None: left out.
    """
    found = Findings()
    if not _readable(plugin, found):
        return found
    _card(plugin, found)
    tests = root / "tests" / "methods" / plugin.folder.name
    own = sorted(tests.glob("test_*.py"))
    if not own:
        found.missing.append(f"{tests.relative_to(root)}: no test_*.py. Test a score that can be known otherwise.")
    paths = ["tests/methods/test_contract.py", *([str(tests.relative_to(root))] if own else [])]
    if problem := _pytest(plugin, root, paths):
        found.missing.append(f"tests fail: {problem}")
    else:
        found.passed.append(f"contract test on a tiny model{' and its own tests' if own else ''}")
    if demo is not None:
        try:
            found.passed.append(demo(plugin))
        except UserError as error:
            found.missing += [f"demo suite: {problem}" for problem in error.problems]
    return found


def _readable(plugin: Plugin, found: Findings) -> bool:
    """Whether card, class and every preset's options are what they should be."""
    try:
        presets = ["default", *plugin.card.presets]
        for preset in presets:
            plugin.options(preset)
    except UserError as error:
        found.missing += error.problems
        return False
    found.passed.append(f"card and {len(presets)} presets")
    return True


def _card(plugin: Plugin, found: Findings) -> None:
    card = plugin.card
    if card.family != "baseline" and card.paper is None:
        found.missing.append("card.yaml: names no paper; only a baseline needs none.")
    if card.family != "baseline" and not card.needs:
        found.missing.append("card.yaml: 'needs' is empty, so the method gets no backbone.")
    if card.code is None and card.paper is not None:
        found.advice.append("card.yaml: 'code' names no official implementation to compare with.")
    if card.code is not None and card.code.commit is None:
        found.advice.append("card.yaml: 'code' names no commit.")
    if card.code is not None and not card.differences:
        found.advice.append("card.yaml: 'differences' is empty: does it do exactly what the official code does?")
    for file in sorted(plugin.folder.rglob("*")):
        if file.suffix in {".pkl", ".pickle", ".pt", ".pth", ".bin", ".joblib", ".npy", ".npz"}:
            found.missing.append(f"{file.name}: may hold code. Weights are safetensors, everything else is JSON.")


def _pytest(plugin: Plugin, root: Path, paths: list[str]) -> str:
    """The last lines of a failing test run, empty where it passed. In a process of its own, as the tests need it."""
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "--durations=0", "-p", "no:cacheprovider", *paths]
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        command,
        cwd=root,
        env=os.environ | {CHOSEN: plugin.name, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return ""
    return " | ".join((done.stdout + done.stderr).strip().splitlines()[-LAST_LINES:])
