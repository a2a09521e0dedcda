"""Which methods and submissions a pull request changes: computed from its files, never kept by hand.

``python -m benchmark.contributing.changes BASE`` prints one ``kind name`` a line for what differs from the commit BASE.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.submissions.record import RECORDS
from methods import registry
from methods.registry import Plugin


@dataclass(frozen=True)
class Changes:
    """What a set of changed files concerns.

    Attributes:
        methods: folders of methods whose scores or tests may change, because of their own files or of shared ones.
        submissions: names; records: whether a maintainer's record is touched.
    """

    methods: tuple[str, ...]
    submissions: tuple[str, ...]
    records: bool


def changes(paths: Iterable[str], plugins: Mapping[str, Plugin]) -> Changes:
    """Sort changed files.

    Args:
        paths: relative to the checkout's root, with ``/``; plugins: every method that is there after the change.
    """
    files = set(paths)
    methods = []
    for plugin in plugins.values():
        if not plugin.package.startswith("methods."):
            continue
        folder = plugin.folder.name
        shared = {name.partition("/")[0] for name in plugin.source_files()} - {plugin.name}
        watched = [f"methods/{folder}/", f"tests/methods/{folder}/", *(f"methods/{name}/" for name in shared)]
        if any(path.startswith(prefix) for path in files for prefix in watched):
            methods.append(folder)
    inside = [path.split("/") for path in files if path.startswith("submissions/") and path.count("/") > 1]
    return Changes(
        methods=tuple(sorted(methods)),
        submissions=tuple(sorted({parts[1] for parts in inside} - {RECORDS})),
        records=any(parts[1] == RECORDS for parts in inside),
    )


def changed_files(base: str, root: Path) -> list[str]:
    """Files that differ between where HEAD left ``base`` and HEAD; CalledProcessError for no commit of that name."""
    command = ["git", "-C", str(root), "diff", "--name-only", "-z", "--end-of-options", f"{base}...HEAD"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [path for path in listed.split("\0") if path]


def main() -> None:
    """Print what differs from the commit that is the only argument."""
    found = changes(changed_files(sys.argv[1], Path.cwd()), registry.plugins())
    for name in found.methods:
        print(f"method {name}")
    for name in found.submissions:
        print(f"submission {name}")
    if found.records:
        print("records changed")


if __name__ == "__main__":
    main()
