"""Pictures of what the heads of a backbone know, from the artefacts that a method ships. Reads artefacts, else pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from benchmark.artefacts import HEADER, Header, read_artefact
from leaderboard.curve import Dot, curve
from leaderboard.export import DataTable
from leaderboard.heatmap import heatmap
from leaderboard.safe import safe_name
from methods.heads.notation import parse_heads


@dataclass(frozen=True)
class Layer:
    """One layer of a map: mean and best of its heads, and which of them are read."""

    number: int
    mean: float
    best: float
    best_head: int
    chosen: tuple[int, ...]


@dataclass(frozen=True)
class HeadMap:
    """How well each head ranks alone, as an artefact tells.

    Attributes:
        name: safe as a file name, unique on the site.
    """

    name: str
    header: Header
    values: tuple[tuple[float, ...], ...]
    measure: str

    @property
    def title(self) -> str:
        """Of the pictures."""
        return f"{self.header.method} on {self.header.backbone.name}"

    @property
    def layers(self) -> list[Layer]:
        """The map in words."""
        chosen = parse_heads(",".join(self.header.heads))
        return [
            Layer(
                number,
                fmean(row),
                max(row),
                row.index(max(row)),
                tuple(sorted(head for layer, head in chosen if layer == number)),
            )
            for number, row in enumerate(self.values)
        ]

    @property
    def table(self) -> DataTable:
        """Every value."""
        chosen = set(parse_heads(",".join(self.header.heads)))
        rows = tuple(
            (layer, head, value, "yes" if (layer, head) in chosen else "no")
            for layer, row in enumerate(self.values)
            for head, value in enumerate(row)
        )
        return DataTable(
            f"heads-{self.name}", f"{self.title}: {self.measure}", ("layer", "head", "value", "read"), rows
        )

    def map(self) -> str:
        """The heat map as an SVG file."""
        return heatmap(self.values, self.title, self.measure, parse_heads(",".join(self.header.heads)))

    def curve(self) -> str:
        """The curve over layers as an SVG file; the band is from the worst head to the best."""
        dots = [Dot(number, fmean(row), (min(row), max(row))) for number, row in enumerate(self.values)]
        return curve(dots, self.title, "layer", f"{self.measure}: mean of the heads, worst to best", None)


def shipped(folder: Path) -> list[HeadMap]:
    """The maps of the artefacts in a method's folder, by name.

    Raises:
        UserError: an artefact that was altered since it was made.
    """
    found = []
    for path in sorted(folder.glob(f"artefacts/*/{HEADER}")):
        header = read_artefact(path.parent).header
        if header.detection:
            name = safe_name(f"{header.method}.{path.parent.name}")
            found.append(HeadMap(name, header, header.detection.table, header.detection.measure))
    return found
