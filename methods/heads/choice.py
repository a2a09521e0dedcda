"""The option ``heads``: which heads of which backbone, from a list, a published set or an artefact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import torch
from pydantic import Field, field_validator, model_validator

from benchmark.artefacts import TrainingData, is_artefact, read_artefact
from benchmark.errors import UserError
from benchmark.names import canonical, did_you_mean
from methods.heads.detection import ranked_heads
from methods.heads.notation import Head, format_heads, is_list, parse_heads
from methods.heads.published import PublishedSet, read_published
from methods.in_context.layout import PromptOptions

if TYPE_CHECKING:
    from benchmark.backbones.backbone import Backbone

SHIPPED = "artefacts"
"""Folder of a method with artefacts of our own, by name."""


@dataclass(frozen=True)
class Choice:
    """Heads with where they come from.

    Attributes:
        ranked: best first; to be cut.
        fixed: taken as they are, all of them; exactly one of the two is given.
        source: for messages.
        learnt_from: see `Method.learnt_from`.
    """

    source: str
    ranked: list[Head] | None = None
    fixed: list[Head] | None = None
    learnt_from: TrainingData | str | None = None

    def heads(self, number: int, layers: int) -> list[Head]:
        """The heads to read.

        Args:
            number: how many are taken of a ranked list; layers: only heads of the first so many layers exist.

        Raises:
            UserError: a fixed head lies above, or the ranked list holds too few below.
        """
        if self.fixed is not None:
            above = format_heads(head for head in self.fixed if head[0] >= layers)
            if above:
                raise UserError(
                    f"{self.source}: {above} lies above the {layers} layers that are kept. Name heads of layers "
                    f"0-{layers - 1}."
                )
            return self.fixed
        assert self.ranked is not None
        below = [head for head in self.ranked if head[0] < layers]
        if len(below) < number:
            raise UserError(
                f"{self.source}: holds {len(below)} heads of the first {layers} layers, {number} are to be taken. "
                "Lower top, or name heads one by one."
            )
        return below[:number]


class HeadOptions(PromptOptions):
    """Options of methods that read chosen heads."""

    folder: ClassVar[Path]
    """The method's, with its published sets and shipped artefacts."""
    usual: ClassVar[int]
    """Heads taken of a ranked list unless ``top`` says otherwise."""

    heads: str = "auto"
    """``10-0,12-4,...``, ``all``, the name of a published set or shipped artefact, the path of an artefact; ``auto``:
    what was published or shipped for the backbone."""
    top: int = Field(default=0, ge=0)
    """Heads taken of a published set or an artefact, the best first; 0: as many as the method's authors take."""

    @model_validator(mode="after")
    def _top_cuts_a_ranked_list(self) -> HeadOptions:
        if self.top and (is_list(self.heads) or self.heads == "all"):
            raise ValueError("top has no meaning where heads are named one by one, or are all")
        return self

    @field_validator("heads")
    @classmethod
    def _can_be_found(cls, value: str) -> str:
        if is_list(value):
            parse_heads(value)
        elif value not in {"auto", "all"} and cls._named(value) is None and not is_artefact(Path(value).expanduser()):
            names = [*cls.published_names(), *cls.shipped_names()]
            raise ValueError(
                f"'{value}' is no list such as 10-0,12-4, no folder with an artefact, and no known set. "
                f"{did_you_mean(value, names)} 'auto' and 'all' also work"
            )
        return value

    def artefacts(self) -> dict[str, Path]:
        """See `Options.artefacts`."""
        if is_list(self.heads) or self.heads in {"auto", "all"}:
            return {}
        found = self._named(self.heads)
        if isinstance(found, Path):
            return {"heads": found}
        return {} if found else {"heads": Path(self.heads).expanduser()}

    def choice(self, backbone: Backbone, layers: int) -> Choice:
        """The heads for this backbone.

        Args:
            layers: ``all`` means every head of the first so many layers.

        Raises:
            UserError: nothing is known for the backbone, or the set belongs to another one.
        """
        if self.heads == "all":
            each = range(backbone.attention.heads)
            return Choice("heads=all", fixed=[(layer, head) for layer in range(layers) for head in each])
        if is_list(self.heads):
            return Choice("heads", fixed=parse_heads(self.heads))
        found = self._automatic(backbone) if self.heads == "auto" else self._named(self.heads)
        if isinstance(found, PublishedSet):
            if not found.is_for(backbone.name):
                raise UserError(
                    f"heads={self.heads}: was detected on {found.model}, not on '{backbone.name}'. Name the heads one "
                    "by one to use them all the same."
                )
            return Choice(f"Published set '{found.name}'", ranked=found.parsed, learnt_from=found.fitted_on)
        artefact = read_artefact(found or Path(self.heads).expanduser())
        artefact.refuse_other_backbone(backbone.name, backbone.revision)
        if artefact.header.detection is None:
            raise UserError(f"Artefact '{artefact.header.name}' of method '{artefact.header.method}' ranks no heads.")
        return Choice(
            f"Artefact '{artefact.header.name}'",
            ranked=ranked_heads(torch.tensor(artefact.header.detection.table)),
            learnt_from=artefact.header.data,
        )

    def number(self, backbone: Backbone) -> int:
        """How many heads are taken of a ranked list."""
        del backbone
        return self.top or self.usual

    @classmethod
    def published_names(cls) -> list[str]:
        """Names of the published sets."""
        return [entry.name for entry in read_published(cls.folder)]

    @classmethod
    def shipped_names(cls) -> list[str]:
        """Names of the artefacts in the method's folder."""
        return sorted(path.name for path in (cls.folder / SHIPPED).glob("*") if is_artefact(path))

    @classmethod
    def _named(cls, name: str) -> PublishedSet | Path | None:
        for entry in read_published(cls.folder):
            if canonical(entry.name) == canonical(name):
                return entry
        return next((cls.folder / SHIPPED / known for known in cls.shipped_names() if known == canonical(name)), None)

    def _candidates(self, backbone: Backbone) -> Sequence[PublishedSet]:
        """Published sets for a backbone, the preferred one first."""
        return [entry for entry in read_published(self.folder) if entry.is_for(backbone.name)]

    def _automatic(self, backbone: Backbone) -> PublishedSet | Path:
        published = self._candidates(backbone)
        if published:
            return published[0]
        for name in self.shipped_names():
            path = self.folder / SHIPPED / name
            fitted = read_artefact(path).header.backbone
            if (fitted.name, fitted.revision) == (backbone.name, backbone.revision):
                return path
        known = sorted({entry.model for entry in read_published(self.folder)})
        raise UserError(
            f"No heads are known for backbone '{backbone.name}' (published: {', '.join(known) or 'none'}). "
            f"Fit them: rerankbench fit {canonical(self.folder.name)} --backbone {backbone.name} --collection ... "
            "and give the folder as heads=..., or name heads one by one."
        )
