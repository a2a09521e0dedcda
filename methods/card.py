"""The card of a method: what it is, where it comes from, what it needs, its presets."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from benchmark.schema import Strict

Need = Literal["attention", "logits", "generation", "hidden_states", "embeddings", "pairs"]


class Paper(Strict):
    """The publication a method comes from."""

    title: str
    authors: tuple[str, ...] = Field(min_length=1)
    year: int
    url: str


class OfficialCode(Strict):
    """The authors' implementation."""

    url: str
    commit: str | None = None


class Preset(Strict):
    """A named set of options."""

    description: str
    backbone: str | None = None
    """The backbone whose layers or heads it names; None: any."""
    options: dict[str, Any] = Field(default_factory=dict)


class Card(Strict):
    """Contents of ``card.yaml``."""

    title: str
    family: Literal["baseline", "attention", "generation", "likelihood", "supervised"]
    summary: str
    """One or two sentences for somebody who has not read the paper."""
    paper: Paper | None = None
    code: OfficialCode | None = None
    licence: str
    """Licence of our implementation (SPDX)."""
    needs: tuple[Need, ...] = ()
    """What it takes from a backbone; empty: it needs no backbone."""
    differences: tuple[str, ...] = ()
    """Where it deliberately differs from the official implementation, and why."""
    presets: dict[str, Preset] = Field(default_factory=dict)
    """``default`` always exists: no option changed."""
