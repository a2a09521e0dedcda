"""Numbers that papers, repositories and model cards published, to be shown beside what is measured.

``published.csv`` holds facts with their sources, one number a line. Its values are as printed there: nDCG and recall
from 0 to 100. Left out were figures without labels, debug output, logs of single runs, means that nobody published,
and statements that are no number ("30-50%").
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from benchmark.errors import UserError, refuse
from benchmark.names import canonical
from benchmark.schema import Strict, parse

FILE = Path(__file__).with_suffix(".csv")

_METHODS = {
    "bm25": "first-stage",
    "icr": "icr",
    "qrretriever": "qrhead",
    "qrhead": "qrhead",
    "core": "core",
    "routehead": "routehead",
    "selective-icr": "selective-icr",
    "rankgpt": "rankgpt",
    "rankzephyr": "rankgpt",
    "rankvicuna": "rankgpt",
    "first": "first",
    "firstmistral": "first",
    "setwise": "setwise",
    "prp": "pairwise",
    "pairwise": "pairwise",
    "pointwise": "pointwise",
    "insertrank": "insertrank",
    "reasonrank": "listwise-reasoning",
    "grouprank": "grouprank",
    "e2rank": "e2rank",
}
"""Our method by how a source's name of it begins."""

_SHARES = ("ndcg", "recall")
"""Metrics that lie between 0 and 100 begin with one of these, however they are spelt."""


class PublishedResult(Strict):
    """One published number."""

    paper: str = Field(min_length=1)
    """Where it stands: short name and table, with what sets it apart (a sample of the queries)."""
    arxiv: str = Field(pattern=r"^\d{4}\.\d{5}$")
    method: str = Field(min_length=1)
    backbone: str | None
    """As the source calls it."""
    first_stage: str = Field(min_length=1)
    depth: str = Field(min_length=1)
    """Number of candidates, or what the source says of it."""
    dataset: str = Field(min_length=1)
    """As the source calls it."""
    collection: str | None
    """Name in our catalogue where it is one of ours; None for averages and for what we do not have."""
    metric: str = Field(min_length=1)
    value: float
    source: Literal["paper-or-repository", "quoted-by-third-party"]
    """Whether it was read in the authors' own publication."""
    url: str = Field(pattern=r"^https://")

    @field_validator("backbone", "collection", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _within_its_range(self) -> PublishedResult:
        if self.metric.casefold().startswith(_SHARES) and not 0 <= self.value <= 100:
            raise ValueError(f"{self.metric} lies between 0 and 100, not at {self.value:g}")
        return self

    @property
    def key(self) -> tuple[str | None, ...]:
        """What the number is of; two lines with the same are a mistake."""
        return (self.paper, self.method, self.backbone, self.first_stage, self.depth, self.dataset, self.metric)


@cache
def results() -> tuple[PublishedResult, ...]:
    """Every published number that is shipped, in the order of the file."""
    return read(FILE)


def of(collection: str, metric: str = "nDCG@10") -> list[PublishedResult]:
    """The numbers of one metric for a collection of our catalogue."""
    return [result for result in results() if result.collection == collection and result.metric == metric]


def of_paper(arxiv: str) -> list[PublishedResult]:
    """The numbers of one paper, by its arXiv number, whoever printed them; its repository's and model card's too."""
    return [result for result in results() if result.arxiv == arxiv]


def beside(
    collection: str, method: str | None = None, backbone: str | None = None, metric: str = "nDCG@10"
) -> list[PublishedResult]:
    """The numbers to show beside one that was measured.

    Args:
        collection: name in our catalogue; metric: ours.
        method: name of ours, None: any; backbone: name of ours, None: any, whether the number has one or not.
    """
    return [
        result
        for result in of(collection, metric)
        if (method is None or method == our_method(result.method))
        and (backbone is None or (result.backbone is not None and canonical(backbone) == our_backbone(result.backbone)))
    ]


def our_method(printed: str) -> str | None:
    """Our name of a method as a source calls it; None where it is none of ours.

    What follows the name says of which kind it is (window, number of documents), which our presets say.
    """
    words = canonical(printed)
    found = [ours for name, ours in _METHODS.items() if re.match(rf"{re.escape(name)}(?![a-z0-9])", words)]
    return found[0] if found else None


def our_backbone(printed: str) -> str:
    """A backbone's name spelt as ours: without its owner."""
    return canonical(printed.rpartition("/")[2])


def differences(result: PublishedResult, first_stage: str, depth: int) -> list[str]:
    """What keeps a number from being compared with one that was measured, a few words each.

    Args:
        first_stage: name of the run that was re-ranked here, such as ``bm25s``; depth: candidates of each topic.
    """
    said = []
    if result.depth.split()[0] != str(depth):
        said.append(f"depth {result.depth}, here {depth}")
    printed = canonical(result.first_stage).removesuffix("s")
    if not (printed.startswith("bm25") and first_stage in {"bm25", "bm25s"}) and printed not in first_stage:
        said.append(f"candidates of {result.first_stage}, here of {first_stage}")
    if "sampled" in result.paper:
        said.append("a sample of the queries")
    if result.source == "quoted-by-third-party":
        said.append("quoted by somebody else")
    return said


def read(path: Path) -> tuple[PublishedResult, ...]:
    """Read a file of published numbers.

    Raises:
        UserError: no such file, not UTF-8, another header; or the lines that are malformed or stand there twice.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return _parsed(csv.reader(file, strict=True), path.name)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not CSV in UTF-8 ({error}).") from None


def _parsed(lines: Iterator[list[str]], name: str) -> tuple[PublishedResult, ...]:
    header = list(PublishedResult.model_fields)
    found = next(lines, [])
    if found != header:
        raise UserError(f"{name}: line 1 must be the header {','.join(header)} (it is {','.join(found) or 'empty'}).")
    read: dict[tuple[str | None, ...], tuple[int, PublishedResult]] = {}
    problems: list[str] = []
    for number, cells in enumerate(lines, start=2):
        where = f"{name}: line {number}"
        if len(cells) != len(header):
            problems.append(f"{where}: {len(cells)} columns where there are {len(header)} in the header.")
            continue
        try:
            result = parse(PublishedResult, dict(zip(header, cells, strict=True)), where)
        except UserError as error:
            problems += error.problems
            continue
        if result.key in read:
            problems.append(f"{where}: the same number stands on line {read[result.key][0]}. Remove one of them.")
        read.setdefault(result.key, (number, result))
    refuse(name, problems)
    return tuple(result for _, result in read.values())
