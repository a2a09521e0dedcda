"""The command line, within this process and in one of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from benchmark.cli import main

SCRIPT = Path(sys.executable).with_name("rerankbench")


@dataclass(frozen=True)
class Result:
    """Exit status and both outputs."""

    status: int
    out: str
    err: str

    @property
    def problems(self) -> list[str]:
        """The lines that report a user's mistake, without their prefix."""
        assert "Traceback" not in self.err, self.err
        return [line.removeprefix("Error: ") for line in self.err.splitlines() if line.startswith("Error: ")]


@contextmanager
def _captured(number: int) -> Iterator[IO[bytes]]:
    """What is written to a file descriptor, by whomever."""
    with tempfile.TemporaryFile() as file:
        kept = os.dup(number)
        os.dup2(file.fileno(), number)
        try:
            with open(number, "w", encoding="utf-8", closefd=False) as stream:
                redirect = redirect_stdout if number == 1 else redirect_stderr
                with redirect(stream):
                    yield file
        finally:
            os.dup2(kept, number)
            os.close(kept)


def command(*arguments: object, stdin: str | bytes = "") -> Result:
    """What the console script would do, without its start-up time."""
    data = stdin.encode("utf-8") if isinstance(stdin, str) else stdin
    with pytest.MonkeyPatch.context() as patch, _captured(1) as out, _captured(2) as err:
        patch.setattr(sys, "argv", ["rerankbench", *map(str, arguments)])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        sys.stderr.flush()
        texts = [os.pread(file.fileno(), 1 << 24, 0).decode("utf-8") for file in (out, err)]
    status = ended.value.code
    return Result(status if isinstance(status, int) else int(status is not None), *texts)


def script(*arguments: object, stdin: str = "", cwd: Path | None = None, **env: str) -> Result:
    """The console script itself."""
    done = subprocess.run(
        [str(SCRIPT), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | env,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)
