"""Results at a URL: worked on in a folder of this machine, copied to an object store as they grow.

Object stores know neither appending nor locks. What holds for them:

- A file is there whole or not at all, the summary last: a cell that has one is complete.
- Lines of a running cell are copied at intervals and when its worker stops. A machine that is lost takes those since
  the last copy with it; the same machine finds them in its own folder.
- A cell is written by one process at a time (`benchmark.harness.lease`).
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.harness.lease import VALID, Lease
from benchmark.harness.live import PLAN
from benchmark.harness.plan import Planned
from benchmark.harness.store import FAILURE, LINES, MACHINE, REQUEST, RUN, SUMMARY, pretty, write_atomic
from benchmark.paths import cache_root

EVERY = 60.0
"""Seconds between two copies of a cell's lines; more where a copy takes long, so that it is 1 part in 20 at most."""

LEASES = ".leases"
SEEN = ".seen.json"
ORDER = (REQUEST, MACHINE, LINES, FAILURE, RUN)
"""In which a cell's files are copied; then whatever else there is, and the summary."""

BATCH = 256
"""Files that are fetched at once."""


def is_url(results: str) -> bool:
    """Whether it names a place that fsspec reaches, and no folder."""
    return "://" in results and not results.startswith("file://")


def at_hand(results: Path | str) -> Path:
    """A folder of this machine with the results: the folder itself, or what was fetched from the URL just now."""
    if isinstance(results, Path):
        return results
    mirror = ObjectMirror(results)
    mirror.fetch()
    return mirror.folder


class ObjectMirror:
    """See `runner.Mirror`.

    Args:
        url: of any fsspec file system; its package must be installed (s3fs for ``s3://``, gcsfs for ``gs://``).
        folder: to work in; None: one in the cache that belongs to the URL.
        note: told what the user should know.

    Raises:
        UserError: the URL cannot be reached.
    """

    def __init__(self, url: str, folder: Path | None = None, note: Callable[[str], None] = lambda _: None) -> None:
        import fsspec

        self.url = url.rstrip("/")
        self._note = note
        with self._explained():
            self._files, root = fsspec.core.url_to_fs(self.url)
        self._root = root.rstrip("/")
        name = hashlib.sha256(self.url.encode("utf-8")).hexdigest()[:16]
        self.folder = folder or cache_root() / "mirrors" / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self._seen: dict[str, str] = _read_json(self.folder / SEEN)
        """What each file there was when it and the one here were the same."""
        self._kept: dict[str, tuple[int, int]] = {}
        """Size and time of each file here when it and the one there were the same."""
        self._leases: dict[str, Lease] = {}
        self._next: dict[str, float] = {}
        self._over = threading.Event()
        self._renewing: threading.Thread | None = None

    def fetch(self, slugs: Sequence[str] | None = None) -> None:
        """Bring the folder up to what is at the URL, for some cells or for all of them and the plan.

        What is there counts, but that lines which only this machine has are kept.
        """
        wanted = None if slugs is None else set(slugs)
        with self._explained():
            self._files.invalidate_cache()
            found = self._files.find(self._root, detail=True)
        there: dict[str, dict[str, Any]] = {}
        for path, details in found.items():
            cell, _, name = path.removeprefix(self._root).lstrip("/").rpartition("/")
            if cell.startswith(LEASES) or (wanted is not None and cell not in wanted):
                continue
            there[f"{cell}/{name}" if cell else name] = details
        changed = [name for name, details in there.items() if self._differs(name, details)]
        for at in range(0, len(changed), BATCH):
            batch = changed[at : at + BATCH]
            with self._explained():
                contents = self._files.cat([self._at(name) for name in batch])
            # One path gives its content alone in some file systems.
            contents = contents if isinstance(contents, dict) else {self._at(batch[0]): contents}
            by_name = {path.removeprefix(self._root).lstrip("/"): data for path, data in contents.items()}
            for name in batch:
                self._store(name, by_name[name])
                self._seen[name] = _version(there[name])
        self._forget(there, wanted)
        write_atomic(self.folder / SEEN, json.dumps(self._seen))

    def running(self) -> set[str]:
        """Cells that somebody writes now."""
        with self._explained():
            self._files.invalidate_cache()
            paths = self._files.find(f"{self._root}/{LEASES}")
            slugs = {path.rpartition("/")[0].rpartition("/")[2] for path in paths}
            return {slug for slug in slugs if self._lease(slug).held_by_anybody()}

    def keep_plan(self) -> None:
        """See `runner.Mirror`."""
        with self._explained():
            self._files.pipe_file(self._at(PLAN), (self.folder / PLAN).read_bytes())

    def claim(self, planned: Planned) -> None:
        """See `runner.Mirror`."""
        lease = self._lease(planned.slug)
        with self._explained():
            if not lease.acquire():
                raise UserError(f"{planned.slug}: another process is running this cell at {self.url}. Wait for it.")
        self._leases[planned.slug] = lease
        self._next[planned.slug] = time.monotonic() + EVERY
        if self._renewing is None:
            self._renewing = threading.Thread(target=self._renew, daemon=True)
            self._renewing.start()
        try:
            self.fetch([planned.slug])
            # Where that is there, what this machine has of the cell is not taken for something that was removed.
            path = self.folder / planned.slug / REQUEST
            path.parent.mkdir(exist_ok=True)
            if not path.is_file():
                write_atomic(path, pretty(planned.request.model_dump(mode="json")))
                self._upload(f"{planned.slug}/{REQUEST}")
        except UserError:
            self.release(planned)
            raise

    def keep(self, planned: Planned) -> None:
        """See `runner.Mirror`. A copy that fails is tried again at the next."""
        if time.monotonic() < self._next.get(planned.slug, 0.0):
            return
        started = time.monotonic()
        try:
            self._push(planned.slug)
        except UserError as error:
            self._note(str(error))
        took = time.monotonic() - started
        self._next[planned.slug] = time.monotonic() + max(EVERY, 20 * took)

    def release(self, planned: Planned) -> None:
        """See `runner.Mirror`; UserError where the last copy could not be made."""
        lease = self._leases.pop(planned.slug, None)
        if lease is None:
            return
        with self._explained():
            if not lease.renew():
                raise UserError(
                    f"{planned.slug}: its lease at {self.url} ran out, and another process has taken the cell over. "
                    f"What this one found is in {self.folder / planned.slug}."
                )
        try:
            self._push(planned.slug)
        finally:
            with self._explained():
                lease.release()

    def close(self) -> None:
        """Stop renewing leases; those that are held run out."""
        self._over.set()
        if self._renewing is not None:
            self._renewing.join()

    def _push(self, slug: str) -> None:
        """Copy what is new of a cell, and remove there what was removed here."""
        folder = self.folder / slug
        if not folder.is_dir():
            return
        here = [path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
        for name in (SUMMARY, RUN, FAILURE):
            if name not in here and f"{slug}/{name}" in self._seen:
                with self._explained():
                    self._files.rm_file(self._at(f"{slug}/{name}"))
                del self._seen[f"{slug}/{name}"]
        last = sorted(set(here) - {*ORDER, SUMMARY})
        for name in [*ORDER, *last, SUMMARY]:
            if name in here and self._kept.get(f"{slug}/{name}") != _state(folder / name):
                self._upload(f"{slug}/{name}")
        write_atomic(self.folder / SEEN, json.dumps(self._seen))

    def _upload(self, name: str) -> None:
        path = self.folder / name
        state = _state(path)
        data = path.read_bytes()
        if path.name == LINES:
            data = data[: data.rfind(b"\n") + 1]
        with self._explained():
            self._files.pipe_file(self._at(name), data)
            self._files.invalidate_cache()
            self._seen[name] = _version(self._files.info(self._at(name)))
        self._kept[name] = state

    def _differs(self, name: str, details: dict[str, Any]) -> bool:
        return self._seen.get(name) != _version(details) or not (self.folder / name).is_file()

    def _store(self, name: str, data: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = data.decode("utf-8")
        if path.name == LINES and path.is_file():
            known = set(_qids(text))
            own = path.read_text("utf-8").splitlines(keepends=True)
            text += "".join(line for line in own if line.endswith("\n") and known.isdisjoint(_qids(line)))
        write_atomic(path, text)
        if text.encode("utf-8") == data:
            self._kept[name] = _state(path)

    def _forget(self, there: Iterable[str], wanted: set[str] | None) -> None:
        """Remove what is not there (any more): cells, and what makes a cell complete or failed."""
        names = set(there)
        for folder in [path for path in self.folder.iterdir() if path.is_dir()]:
            if wanted is not None and folder.name not in wanted:
                continue
            gone = [FAILURE, RUN, SUMMARY]
            if f"{folder.name}/{REQUEST}" not in names:
                gone = [path.name for path in folder.iterdir()]
            for name in gone:
                if f"{folder.name}/{name}" not in names:
                    (folder / name).unlink(missing_ok=True)
            if not any(folder.iterdir()):
                folder.rmdir()
        for name in set(self._seen) - names:
            if wanted is None or name.partition("/")[0] in wanted:
                del self._seen[name]

    def _renew(self) -> None:
        while not self._over.wait(VALID / 10):
            for slug, lease in list(self._leases.items()):
                try:
                    with self._explained():
                        lease.renew()
                except UserError as error:
                    self._note(f"{slug}: its lease could not be renewed: {error}")

    def _lease(self, slug: str) -> Lease:
        return Lease(self._files, f"{self._root}/{LEASES}/{slug}")

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """What a store's library raises, whose kinds are its own, as a `UserError`."""
        try:
            yield
        except UserError:
            raise
        except Exception as error:
            said = " ".join(str(error).split()) or type(error).__name__
            raise UserError(f"{self.url}: {said}") from error


def _version(details: dict[str, Any]) -> str:
    """What changes when a file is written anew, as far as the store tells."""
    fields = ("size", "ETag", "etag", "md5Hash", "generation", "LastModified", "mtime", "created", "updated")
    return " ".join(str(details[field]) for field in fields if details.get(field) is not None)


def _state(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _qids(text: str) -> list[str]:
    return [json.loads(line)["qid"] for line in text.splitlines()]


def _read_json(path: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        # Everything is then fetched anew.
        return {}
    return found
