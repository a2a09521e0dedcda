"""Names of things as pages write them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from leaderboard.rows import Row, Section
from methods.card import Card


def method_title(name: str, cards: Mapping[str, Card]) -> str:
    """As its card says, or its name where there is no card."""
    return cards[name].title if name in cards else name


def section_title(section: Section) -> str:
    """``Demo collection, test, bm25s top 10``."""
    request = section.request
    title = section.spec.title if section.spec else request.name
    return f"{title}, {request.split}, {request.first_stage} top {request.depth}"


def run_title(row: Row) -> str:
    """Method, preset, variant and backbone, for lists that hold several backbones."""
    backbone = row.request.backbone
    return f"{row.name} on {backbone.name}" if backbone else row.name
