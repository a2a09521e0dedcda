"""Where ``rerankbench run`` runs cells: the options, and the executor that they ask for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.options import key_values
from benchmark.errors import UserError

if TYPE_CHECKING:
    from benchmark.harness.executors.base import Execution, Executor

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

AT_ONCE = 8
"""Slurm jobs, unless --workers says otherwise."""


@dataclass(frozen=True)
class Asked:
    """What the options say. None and empty: nothing."""

    executor: str
    workers: int | None
    address: str | None
    worker_cpus: int | None
    worker_gpus: float | None
    shard_queries: int | None
    slurm: tuple[str, ...]

    def check(self) -> None:
        """UserError for each option that the executor would not look at."""
        elsewhere = {
            "--address": self.address is not None and self.executor != "ray",
            "--slurm": bool(self.slurm) and self.executor != "slurm",
            "--worker-cpus": self.worker_cpus is not None and self.executor == "local",
            "--worker-gpus": self.worker_gpus is not None and self.executor == "local",
            "--shard-queries": self.shard_queries is not None and self.executor == "local",
        }
        problems = [
            f"{name}: means nothing to --executor {self.executor}." for name, wrong in elsewhere.items() if wrong
        ]
        if problems:
            raise UserError(problems)

    def at_once(self, executor: Executor) -> int:
        """Workers, as far as they can be known before anything runs."""
        if self.workers:
            return self.workers
        return {"local": 1, "slurm": AT_ONCE}.get(self.executor) or max(1, executor.room)

    def build(self, results: Path, spool: Path, execution: Execution) -> Executor:
        """The executor.

        Args:
            results: folder of all cells on this machine.
            spool: where Slurm's jobs leave what they find; a folder that all machines see.

        Raises:
            UserError: it cannot be reached, or its package is not installed.
        """
        if self.executor == "local":
            from benchmark.harness.executors.local import LocalExecutor

            return LocalExecutor(results, execution)
        from benchmark.harness.executors.remote import RemoteExecutor, Transport

        transport: Transport
        cpus = self.worker_cpus or 1
        if self.executor == "ray":
            from benchmark.harness.executors.ray import RayTransport

            address = self.address or os.environ.get("RAY_ADDRESS") or "auto"
            transport = RayTransport(address, self.workers, cpus, self.worker_gpus)
        else:
            from benchmark.harness.executors.slurm import SlurmTransport

            asked: dict[str, Any] = {"timeout_min": 240, "cpus_per_task": cpus}
            if self.worker_gpus:
                asked["gpus_per_node"] = int(self.worker_gpus)
            asked |= {key: _value(value) for key, value in key_values(self.slurm, "--slurm").items()}
            transport = SlurmTransport(spool, self.workers or AT_ONCE, asked)
        return RemoteExecutor(results, execution, transport, cpus, self.shard_queries)


def executor_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--executor`` and what belongs to it; see `Asked`."""
    options: Sequence[Decorator] = (
        click.option(
            "--executor",
            type=click.Choice(["local", "ray", "slurm"]),
            default="local",
            show_default=True,
            help="Processes of this machine, a Ray cluster, or Slurm jobs. Plan, store and resume are the same.",
        ),
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            default=None,
            show_default="local: 1; ray: as many as fit; slurm: 8",
            help="Cells (or shards) at once. On this machine workers share threads, and are spread over the GPUs.",
        ),
        click.option(
            "--address", metavar="HOST:PORT", help="Of the Ray cluster; else RAY_ADDRESS, else one found here."
        ),
        click.option(
            "--worker-cpus", type=click.IntRange(min=1), help="Processors a Ray or Slurm worker asks for (1)."
        ),
        click.option(
            "--worker-gpus",
            type=click.FloatRange(min=0),
            help="GPUs a Ray or Slurm worker asks for. ray: 1 where the cluster has any; slurm: 0.",
        ),
        click.option(
            "--shard-queries",
            type=click.IntRange(min=1),
            help="With ray and slurm, run larger cells in shards of so many queries.",
        ),
        click.option(
            "--slurm",
            multiple=True,
            metavar="KEY=VALUE",
            help="A parameter of submitit's executor, such as slurm_partition=gpu or timeout_min=600 (repeatable).",
        ),
    )
    for decorate in reversed(options):
        function = decorate(function)
    return function


def _value(text: str) -> Any:
    """A number, truth value or list where it is one; else the text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
