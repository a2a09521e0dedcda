"""An installed method plugin that misbehaves on request; other processes find it through its entry point."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from methods import registry

METHOD = '''
"""Scores in reverse order, unless told otherwise."""

import os
import signal
import sys
import time

from benchmark.errors import QueryError
from methods.base import Method, Options


class FaultyOptions(Options):
    raise_on: str = ""
    refuse_on: str = ""
    nan_on: str = ""
    few_on: str = ""
    tied: bool = False


class Faulty(Method[FaultyOptions]):
    options_class = FaultyOptions
    seen = 0

    def rerank(self, query, candidates):
        self.seen += 1
        if os.environ.get("FAULTY_PRINT"):
            print('{"event": "done"} on standard output', flush=True)
            os.write(1, b"and past Python\\n")
        meeting, _, people = os.environ.get("FAULTY_MEET", "").partition(" ")
        if meeting:
            with open(f"{meeting}/{os.getpid()}", "w") as stream:
                stream.write(os.environ["CUDA_VISIBLE_DEVICES"] + " " + os.environ["OMP_NUM_THREADS"])
            while len(os.listdir(meeting)) < int(people):
                time.sleep(0.01)
            time.sleep(0.3)
        if os.environ.get("FAULTY_LOG"):
            with open(os.environ["FAULTY_LOG"], "a") as stream:
                stream.write(f"{os.getpid()} {len(candidates)} {query}\\n")
        time.sleep(float(os.environ.get("FAULTY_SLEEP", 0)))
        if os.environ.get("FAULTY_KILL_AT") == str(self.seen):
            print("about to be killed", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        kind, _, at = os.environ.get("FAULTY_FAULT_AT", "").partition(" ")
        if at in (str(self.seen), query):
            raise {"memory": MemoryError("no 8 GiB left"), "device": RuntimeError("CUDA error: unspecified")}[kind]
        if os.environ.get("FAULTY_HANG_ON") == query:
            time.sleep(3600)
        if os.environ.get("FAULTY_EXIT_AT") == str(self.seen):
            sys.exit(0)
        if query == self.options.raise_on:
            raise RuntimeError("no [/such] [thing]\\nas this")
        if query == self.options.refuse_on:
            raise QueryError("too long by 3")
        scores = [float(rank) for rank in range(len(candidates))]
        if query == self.options.nan_on:
            scores[-1] = float("nan")
        if query == self.options.few_on:
            scores.pop()
        return [score // 2 for score in scores] if self.options.tied else scores
'''

CARD = """
title: Faulty
family: baseline
summary: For tests.
licence: Apache-2.0
presets:
  tied:
    description: Equal scores in pairs.
    options: {tied: true}
  picky:
    description: Fails four of the small collection's queries.
    options:
      raise_on: how deep is the canal
      refuse_on: who built the mill
      nan_on: when does the market open
      few_on: what grows on the dyke
"""


def write_plugin(folder: Path, name: str = "faulty", method: str = METHOD, card: str = CARD) -> Path:
    """A package and the metadata that an installer would have left; ``folder`` belongs on the path."""
    package = folder / name
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "method.py").write_text(method)
    (package / "card.yaml").write_text(card)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{name} = {name}\n")
    return folder


@contextmanager
def installed(folder: Path) -> Iterator[pytest.MonkeyPatch]:
    """The plugins in ``folder`` are found by this process and by those that it starts."""
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        registry.plugins.cache_clear()
        yield patch
    registry.plugins.cache_clear()
    names = {path.name for path in folder.iterdir()}
    for module in set(sys.modules) - before:
        if module.partition(".")[0] in names:
            del sys.modules[module]
