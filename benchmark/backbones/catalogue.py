"""Find a backbone by name: catalogue entry, hub repository, local folder, or a YAML file of one's own."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmark.backbones.spec import GIVES, BackboneSpec, EndpointSource, HubSource, LocalSource, Source, VllmSource
from benchmark.errors import UserError
from benchmark.names import canonical, did_you_mean
from benchmark.schema import read_catalogue, read_yaml

FOLDER = Path(__file__).parent / "catalogue"

SPOKEN = frozenset({"logits", "generation"})
"""Needs of a method that a language model meets without its insides being read."""

REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Selected:
    """A backbone with the source its weights come from."""

    spec: BackboneSpec
    source: Source

    @property
    def name(self) -> str:
        """The catalogue name, with ``@kind`` when the source is not the entry's default."""
        default = self.source == self.spec.sources[0]
        return self.spec.name if default else f"{self.spec.name}@{self.source.kind}"

    def require(self, needs: Collection[str]) -> None:
        """UserError where it is known to be of a kind that gives nothing of what a method needs."""
        kind = self.spec.kind
        if kind is not None and not self.spec.serves(needs):
            raise UserError(
                f"Backbone '{self.name}' is of the kind {kind}, which gives {', '.join(sorted(GIVES[kind]))}; the "
                f"method needs {', '.join(sorted(needs))}. Choose another backbone: rerankbench list backbones."
            )

    def refusal(self, needs: Collection[str]) -> str | None:
        """Why methods with these needs (see their card) cannot use it; None where they can."""
        if not isinstance(self.source, (EndpointSource, VllmSource)):
            return None
        beyond = sorted(set(needs) - SPOKEN)
        if needs and not beyond:
            return None
        engine = "behind an endpoint" if isinstance(self.source, EndpointSource) else "run by vLLM"
        what = ", ".join(beyond) or "the model itself"
        return (
            f"backbone '{self.name}' is {engine}, which gives logits and generation only, and {what} is needed. Choose "
            "a backbone with weights here, or a method that asks for language."
        )


@cache
def entries() -> dict[str, BackboneSpec]:
    """Every catalogue entry by name. Each is one YAML file in ``benchmark/backbones/catalogue/``."""
    return read_catalogue(BackboneSpec, FOLDER)


def find(name: str) -> Selected:
    """Resolve what a user typed.

    ``name`` is a catalogue name, ``name@hub`` or ``name@wheel`` for another source of it, ``name@vllm`` to have vLLM
    run its hub source, ``owner/repository`` of the model hub (``@`` a revision, if wanted), the path of a local model
    folder, or that of a YAML file like those of the catalogue, such as one that describes an endpoint; its first source
    is used.

    Raises:
        UserError: nothing of that name; the message holds the nearest one.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return _local(path)
    if path.suffix in (".yaml", ".yml"):
        spec = read_yaml(BackboneSpec, path)
        return Selected(spec, spec.sources[0])
    base, _, qualifier = name.partition("@")
    known = {canonical(key): spec for key, spec in entries().items()}
    if canonical(base) in known:
        spec = known[canonical(base)]
        hub = next((source for source in spec.sources if isinstance(source, HubSource)), None)
        if qualifier == "vllm" and hub is not None:
            return Selected(spec, VllmSource(kind="vllm", weights=hub))
        try:
            return Selected(spec, spec.source(qualifier or None))
        except ValueError:
            kinds = ", ".join(source.kind for source in spec.sources)
            raise UserError(f"Backbone '{spec.name}' has no source '{qualifier}'. It has: {kinds}.") from None
    if REPOSITORY.fullmatch(base):
        source = HubSource(kind="hub", repository=base, revision=qualifier or None)
        return Selected(BackboneSpec(name=base, title=base, kind=None, dtype="bfloat16", sources=(source,)), source)
    raise UserError(
        f"Unknown backbone '{name}'. {did_you_mean(base, entries())} "
        "A hub name (owner/repository), a folder with a model, or a YAML file that describes one also works."
    )


def _local(path: Path) -> Selected:
    if not (path / "config.json").is_file():
        raise UserError(f"Backbone folder {path} has no config.json: is it a model saved by transformers?")
    source = LocalSource(kind="local", path=str(path.resolve()))
    title = path.resolve().name
    # The name stands in file names and commands, where a folder's may hold anything.
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", title).lstrip("._-") or "model"
    spec = BackboneSpec(name=name, title=title, kind=None, dtype="float32", sources=(source,))
    return Selected(spec, source)
