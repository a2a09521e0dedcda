"""A new method's folder, with a method, a card and a test that pass."""

from __future__ import annotations

import keyword
from pathlib import Path
from string import Template

from benchmark.errors import UserError
from benchmark.names import canonical
from benchmark.submissions.limits import is_name
from methods import registry

TEMPLATE = Path(__file__).parent / "template"


def checkout() -> Path:
    """The root of the checkout whose code this is; UserError where it was installed as a package."""
    root = Path(registry.__file__).parents[1]
    if not (root / "tests" / "methods").is_dir():
        raise UserError(
            f"{root}: this rerankbench is no checkout with tests. Clone the repository and install it with "
            "pip install --editable '.[dev]'."
        )
    return root


def new_method(name: str, root: Path) -> list[Path]:
    """Write the files of a method; nothing that is there is touched.

    Args:
        name: as users will type it, such as ``my-method``; root: of the checkout.

    Returns:
        The files, the method's folder first.

    Raises:
        UserError: no usable name, or one that is taken.
    """
    plugin = canonical(name)
    folder = plugin.replace("-", "_")
    if not is_name(plugin) or not folder.isidentifier() or keyword.iskeyword(folder):
        raise UserError(f"'{name}': a method's name is letters, digits and '-', beginning with a letter: my-method.")
    if plugin in registry.plugins() or (root / "methods" / folder).exists():
        raise UserError(f"'{plugin}': there is a method or a shared package of that name. Choose another one.")
    words = {
        "plugin": plugin,
        "title": plugin.replace("-", " ").capitalize(),
        "name": "".join(part.capitalize() for part in folder.split("_")),
    }
    method, tests = root / "methods" / folder, root / "tests" / "methods" / folder
    if tests.exists():
        raise UserError(f"{tests}: exists. Remove it, or choose another name.")
    targets = {
        method / "method.py": "method.py.txt",
        method / "card.yaml": "card.yaml.txt",
        tests / f"test_{folder}.py": "test_method.py.txt",
    }
    for target, source in targets.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(Template((TEMPLATE / source).read_text(encoding="utf-8")).substitute(words), encoding="utf-8")
    (tests / "__init__.py").touch()
    registry.plugins.cache_clear()
    return [method, *targets]
