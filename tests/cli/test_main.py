"""The entry point: help without heavy imports, every mistake one line and status 2."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import click
import pytest

from benchmark import __version__, cli
from benchmark.cli import COMMANDS
from benchmark.errors import UserError
from tests.support.command import command, script

HEAVY = ("torch", "transformers", "ranx", "mteb", "numba", "pandas", "datasets")


def test_help_imports_nothing_heavy() -> None:
    """Start-up time: ``--help`` of the group and of every command, in one process."""
    calls = [["--help"], *([name, "--help"] for name in COMMANDS), ["leaderboard", "build", "--help"]]
    program = f"""
import sys
from benchmark.cli import cli
for arguments in {calls!r}:
    cli(arguments, standalone_mode=False)
print("HEAVY", [name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"
    for name, text in COMMANDS.items():
        assert name in done.stdout
        assert text in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_its_options(name: str) -> None:
    result = command(name, "--help")
    assert result.status == 0
    assert result.out.startswith(f"Usage: rerankbench {name} ")
    assert result.err == ""


def test_version() -> None:
    assert command("--version").out == f"rerankbench, version {__version__}\n"


def test_the_installed_script_is_this_program() -> None:
    result = script("evaluate", "absent.trec", "--qrels", "absent.tsv")
    assert (result.status, result.out) == (2, "")
    assert result.err == "Error: absent.tsv: no such judgement file.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rum"], "No such command 'rum'"),
        (["list", "method"], "'method' is not one of"),
        (["rerank"], "Missing option '--method'"),
        (["run", "demo", "--depth", "0"], "0 is not in the range"),
        (["run", "demo", "--dtype", "float8"], "'float8' is not one of"),
        (["run", "demo", "--backbone-threads", "0"], "0 is not in the range"),
        (["run", "demo", "--thread", "1"], "No such option"),
    ],
)
def test_wrong_usage_is_status_2(arguments: list[str], message: str) -> None:
    result = command(*arguments)
    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert result.problems


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Every command raises ``error``."""

    @click.command()
    def broken() -> None:
        raise error

    monkeypatch.setattr(cli.Commands, "get_command", lambda *_: broken)


@pytest.mark.parametrize(
    ("error", "status", "lines"),
    [
        (UserError(["one", "two"]), 2, ["one", "two"]),
        (OSError(errno.ENOSPC, "x", "/data/cell"), 2, ["/data/cell: No space left on the device. Free some"]),
        (OSError(errno.EROFS, "x", "out"), 2, ["out: The file system is read-only."]),
        (PermissionError(errno.EACCES, "x", "out"), 2, ["out: Permission denied. Choose a folder"]),
        (OSError(errno.EIO, os.strerror(errno.EIO), "out"), 2, ["out: Input/output error"]),
        (KeyboardInterrupt(), 2, ["Interrupted."]),
    ],
)
def test_what_a_user_can_mend_is_a_line_each(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, lines: list[str]
) -> None:
    raising(monkeypatch, error)
    result = command("doctor")
    assert (result.status, result.out) == (status, "")
    assert len(result.problems) == len(lines)
    for problem, line in zip(result.problems, lines, strict=True):
        assert problem.startswith(line)


def test_a_mistake_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, ZeroDivisionError("ours"))
    monkeypatch.setattr(sys, "argv", ["rerankbench", "doctor"])
    with pytest.raises(ZeroDivisionError, match="ours"):
        cli.main()


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    """As ``rerankbench list backbones --json | head -1`` does."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-c", "from benchmark.cli import main; main()", "list", "backbones", "--json"],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == ""
