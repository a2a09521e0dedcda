"""Attendants as Slurm jobs, by submitit: arrays whose elements carry out orders in turn and are requeued on timeout.

All machines share a folder. An element writes the events of each of its orders to a file there, its channel, which the
process that waits for them reads as it grows. Requeued, it goes on where its channels end.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from shutil import rmtree
from typing import Any

from benchmark.errors import UserError
from benchmark.harness.executors.attendant import Attendant, Order
from benchmark.harness.held import holding
from benchmark.harness.lock import Lock
from benchmark.harness.provenance import now
from benchmark.harness.station import LAST, Event
from benchmark.harness.store import LINES, MACHINE

ROOM = 1000
"""Orders at once; Slurm's arrays have 1001 elements at most unless it is told otherwise."""

LOOK = 10.0
"""Seconds between two looks at which jobs there are still."""

GRACE = 60.0
"""Seconds that a query in hand is given when the job's time is nearly up; submitit has Slurm warn 90 seconds before."""

REQUEUES = 100
"""Of an element whose time is up."""

TAKEN, STOP, JOBS = "taken", "stop", "jobs"


class Channel:
    """Events of one order in a file; one process writes it, another reads it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def write(self, events: Iterable[Event]) -> None:
        """Add events and force them to disk, whole or not at all."""
        data = "".join(json.dumps(event) + "\n" for event in events).encode("utf-8")
        if not data:
            return
        number = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(number, data)
            os.fsync(number)
        finally:
            os.close(number)

    def read(self) -> list[Event]:
        """Events since the last call; a torn last line waits for its rest."""
        if not self._path.is_file():
            return []
        with self._path.open("rb") as stream:
            stream.seek(self._read)
            data = stream.read()
        complete = data[: data.rfind(b"\n") + 1]
        self._read += len(complete)
        return [json.loads(line) for line in complete.splitlines()]


class Element:
    """What an array's element calls.

    Args:
        folder: of the channels and of the file that asks to stop.
        orders: with the names of their channels.
    """

    def __init__(self, folder: Path, orders: Sequence[tuple[str, Order]]) -> None:
        self._folder = folder
        self._orders = orders
        self._attendant: Attendant | None = None
        self._channel: Channel | None = None

    def __call__(self) -> None:
        """Carry out what is not done."""
        self._attendant = Attendant(self._orders[0][1].job.threads)
        try:
            for name, order in self._orders:
                self._channel = Channel(self._folder / name)
                told = self._channel.read()
                if any(event["event"] in LAST for event in told):
                    continue
                self._channel.write([{"event": TAKEN}])
                if self._carry_out(replace(order, files=_files(order.files, told))) == "stopped":
                    return
        finally:
            self._attendant.close()

    def checkpoint(self) -> Any:
        """Called by submitit when the job's time is nearly up: finish the query in hand, then be requeued."""
        import submitit

        attendant, channel = self._attendant, self._channel
        if attendant is not None and channel is not None:
            attendant.stop()
            until = time.monotonic() + GRACE
            while attendant.busy and time.monotonic() < until:
                # Stopped for now only: the next attempt goes on.
                channel.write(event for event in attendant.step(0.5) if event["event"] != "stopped")
        return submitit.helpers.DelayedSubmission(Element(self._folder, self._orders))

    def _carry_out(self, order: Order) -> str:
        """The last event."""
        assert self._attendant is not None
        assert self._channel is not None
        last = "stopped"
        asked = (self._folder / STOP).exists()
        if not asked:
            self._attendant.begin(order)
        while self._attendant.busy:
            events = self._attendant.step(1.0)
            self._channel.write(events)
            last = events[-1]["event"] if events else last
            if not asked and (self._folder / STOP).exists():
                asked = True
                self._attendant.stop()
        return last


@dataclass
class _Sent:
    channel: Channel
    job: Any
    taken: bool = False


class SlurmTransport:
    """See `remote.Transport`.

    Args:
        spool: folder for channels and logs, which all machines see.
        workers: elements that run at once.
        parameters: of submitit's `AutoExecutor.update_parameters`, such as ``timeout_min`` or ``slurm_partition``.
        cluster: submitit's name of the plugin; None: Slurm.

    Raises:
        UserError: submitit or Slurm is not there, or a parameter is unknown.
    """

    def __init__(self, spool: Path, workers: int, parameters: Mapping[str, Any], cluster: str = "slurm") -> None:
        try:
            import submitit
        except ImportError:
            raise UserError("submitit is not installed. Run: pip install 'rerankbench[slurm]'") from None
        self._cluster = cluster
        self._workers = workers
        self._spool = spool.resolve()
        self._folder = self._spool / f"{now().replace(':', '')}-{os.getpid()}"
        self._folder.mkdir(parents=True)
        self._lock = Lock(_lock_of(self._folder))
        self._lock.acquire()
        self._before = [run for run in self._spool.iterdir() if run.is_dir() and _cancelled(run)]
        limit = {f"{cluster}_max_num_timeout": REQUEUES}
        try:
            self._executor = submitit.AutoExecutor(folder=self._folder / "log", cluster=cluster, **limit)
            self._executor.update_parameters(slurm_array_parallelism=workers, **parameters)
        except (RuntimeError, ValueError, TypeError, NameError) as error:
            self.close()
            raise UserError(f"--executor slurm: {error}") from None
        self._sent: dict[int, _Sent] = {}
        self._begun: set[str] = set()
        self._looked = time.monotonic()
        self._missed: set[str] = set()

    @property
    def room(self) -> int:
        """See `remote.Transport`."""
        return ROOM - len(self._sent)

    def send(self, orders: Sequence[Order]) -> None:
        """See `remote.Transport`; one array, each element with neighbours that want the same backbone."""
        parts: list[list[tuple[str, Order]]] = []
        for _, group in groupby(orders, lambda order: holding(order.job)):
            named = [(f"{order.job.request.slug}.{order.number}.jsonl", order) for order in group]
            size = -(-len(named) // self._workers)
            parts += [named[at : at + size] for at in range(0, len(named), size)]
        with self._executor.batch():
            jobs = [self._executor.submit(Element(self._folder, part)) for part in parts]
        with (self._folder / JOBS).open("a", encoding="utf-8") as stream:
            stream.writelines(f"{job.job_id}\n" for job in jobs)
        for job, part in zip(jobs, parts, strict=True):
            for name, order in part:
                self._sent[order.number] = _Sent(Channel(self._folder / name), job)

    def hear(self, seconds: float) -> list[tuple[int, Event]]:
        """See `remote.Transport`."""
        gone = self._gone()
        heard = self._read()
        for number in [number for number, sent in self._sent.items() if sent.job.job_id in gone]:
            sent = self._sent.pop(number)
            heard.append((number, {"event": "lost", "why": _last_words(sent.job), "begun": sent.taken}))
        if not heard and self._sent:
            time.sleep(seconds)
        return heard

    def left(self, slug: str) -> list[str]:
        """See `remote.Transport`."""
        events = [
            event for run in self._before for path in run.glob(f"{slug}.*.jsonl") for event in Channel(path).read()
        ]
        return [event["text"] for event in events if event["event"] == "lines"]

    def stop(self) -> None:
        """See `remote.Transport`; jobs that wait for their turn are cancelled."""
        (self._folder / STOP).touch()
        for sent in self._sent.values():
            if sent.job.job_id not in self._begun:
                sent.job.cancel(check=False)

    def kill(self) -> None:
        """See `remote.Transport`."""
        self.stop()
        for sent in self._sent.values():
            sent.job.cancel(check=False)

    def close(self) -> None:
        """See `remote.Transport`."""
        if getattr(self, "_sent", None):
            self.kill()
        for run in [*self._before, self._folder]:
            rmtree(run, ignore_errors=True)
        self._lock.release()
        if not any(self._spool.iterdir()):
            self._spool.rmdir()

    def _read(self) -> list[tuple[int, Event]]:
        heard = []
        for number, sent in list(self._sent.items()):
            for event in sent.channel.read():
                if event["event"] == TAKEN:
                    sent.taken = True
                    self._begun.add(sent.job.job_id)
                    continue
                heard.append((number, event))
                if event["event"] in LAST:
                    del self._sent[number]
        return heard

    def _gone(self) -> set[str]:
        """Jobs with open orders that ended; told at the second look, so that what they wrote last can be read."""
        if time.monotonic() - self._looked < LOOK:
            return set()
        self._looked = time.monotonic()
        jobs = {sent.job.job_id: sent.job for sent in self._sent.values()}
        if self._cluster == "slurm":
            ended = set(jobs) - _queued(jobs) if jobs else set()
        else:
            ended = {name for name, job in jobs.items() if job.done()}
        gone, self._missed = ended & self._missed, ended
        return gone


def _files(files: Mapping[str, str], told: Sequence[Event]) -> dict[str, str]:
    """What an order's cell holds, with what an earlier attempt has told."""
    lines = files.get(LINES, "") + "".join(event["text"] for event in told if event["event"] == "lines")
    found = {MACHINE: files[MACHINE]} if MACHINE in files else {}
    for event in told:
        if event["event"] == "files" and MACHINE in event["files"]:
            found.setdefault(MACHINE, event["files"][MACHINE])
    return found | ({LINES: lines} if lines else {})


def _lock_of(run: Path) -> Path:
    return run.with_name(f".{run.name}.lock")


def _cancelled(run: Path) -> bool:
    """Whether a run's process is gone; its jobs are then cancelled, and what they wrote is ours."""
    lock = Lock(_lock_of(run))
    if not lock.acquire():
        return False
    lock.release()
    jobs = (run / JOBS).read_text(encoding="utf-8").split() if (run / JOBS).is_file() else []
    if jobs:
        # Those that ended are unknown by now, which is no fault.
        subprocess.run(["scancel", *jobs], check=False, capture_output=True)
    return True


def _queued(jobs: Iterable[str]) -> set[str]:
    """Which jobs wait or run; all, where Slurm does not say."""
    arrays = sorted({job.partition("_")[0] for job in jobs})
    command = ["squeue", "--noheader", "--array", "--format=%i", f"--jobs={','.join(arrays)}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0 and "Invalid job id" not in done.stderr:
        return set(jobs)
    return set(done.stdout.split())


def _last_words(job: Any) -> str:
    lines = (job.stderr() or "").strip().splitlines()
    return lines[-1].strip() if lines else f"job {job.job_id} ended"
