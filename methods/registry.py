"""Find methods: folders beside this file, and the entry-point group ``rerankbench.methods``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.hashing import sha256_sources
from benchmark.names import canonical, unknown
from benchmark.schema import parse, read_yaml
from methods.base import Method, Options
from methods.card import Card

GROUP = "rerankbench.methods"
_HERE = Path(__file__).parent
_SHARED_IMPORT = re.compile(r"^\s*(?:from|import) methods\.(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Plugin:
    """A method that was found; its code is imported when its class is asked for.

    Attributes:
        name: canonical name, from the folder's or the entry point's.
        package: dotted name of the package that holds ``method.py``.
        folder: where ``method.py`` and ``card.yaml`` are.
    """

    name: str
    package: str
    folder: Path

    @property
    def card(self) -> Card:
        """The method's card; UserError when it is missing or not valid."""
        return read_yaml(Card, self.folder / "card.yaml")

    @property
    def method_class(self) -> type[Method[Any]]:
        """The one `Method` subclass that ``method.py`` defines."""
        try:
            module = import_module(f"{self.package}.method")
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
            raise UserError(f"{self.folder / 'method.py'}: cannot be imported ({problem}).") from error
        found = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Method) and value.__module__ == module.__name__
        ]
        if len(found) != 1:
            raise UserError(f"{self.folder / 'method.py'}: {len(found)} Method classes; there must be exactly one.")
        return found[0]

    def options(self, preset: str = "default", changes: Mapping[str, Any] | None = None) -> Options:
        """Validated options: the preset's, with ``changes`` on top."""
        presets = self.card.presets
        if preset != "default" and preset not in presets:
            raise unknown(f"preset of method '{self.name}':", preset, ["default", *presets])
        values = dict(presets[preset].options) if preset in presets else {}
        values.update(changes or {})
        return parse(self.method_class.options_class, values, f"Method '{self.name}'")

    def source_files(self) -> dict[str, str]:
        """sha256 of every file that the method's scores may depend on, by name: its own and the packages it shares.

        Shared is what its files import from ``methods``, directly or through another shared package.
        """
        hashes = sha256_sources(self.folder, self.name)
        waiting, seen = _shared_imports(self.folder), set[str]()
        while waiting - seen:
            package = min(waiting - seen)
            seen.add(package)
            hashes |= sha256_sources(_HERE / package, package)
            waiting |= _shared_imports(_HERE / package)
        return hashes


@cache
def plugins() -> dict[str, Plugin]:
    """Every method, by canonical name; UserError when two have the same name."""
    found: dict[str, Plugin] = {}
    for plugin in (*_folders(), *_installed()):
        if plugin.name in found:
            raise UserError(
                f"Two methods are named '{plugin.name}': {found[plugin.name].folder} and {plugin.folder}. "
                "Rename one of them."
            )
        found[plugin.name] = plugin
    return found


def find(name: str) -> Plugin:
    """The method of that name; UserError with the nearest name when there is none."""
    known = plugins()
    if canonical(name) not in known:
        raise unknown("method", name, known)
    return known[canonical(name)]


def _shared_imports(folder: Path) -> set[str]:
    """Packages beside this file that the Python files of a folder import, the folder itself left out."""
    found = {name for path in folder.rglob("*.py") for name in _SHARED_IMPORT.findall(path.read_text("utf-8"))}
    return {name for name in found if (_HERE / name).is_dir() and _HERE / name != folder}


def _folders() -> list[Plugin]:
    return [
        Plugin(canonical(card.parent.name), f"methods.{card.parent.name}", card.parent)
        for card in sorted(_HERE.glob("*/card.yaml"))
    ]


def _installed() -> list[Plugin]:
    found = []
    for point in entry_points(group=GROUP):
        try:
            spec = find_spec(point.module)
        except (ImportError, ValueError):
            spec = None
        if spec is None or not spec.submodule_search_locations:
            package = point.dist.name if point.dist else "?"
            raise UserError(
                f"Method '{point.name}' of the installed package '{package}': there is no package '{point.module}' to "
                "import. Repair or uninstall it."
            )
        found.append(Plugin(canonical(point.name), point.module, Path(spec.submodule_search_locations[0])))
    return found
