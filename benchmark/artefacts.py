"""What ``rerankbench fit`` makes: a folder with ``artefact.json`` and, where there are any, ``tensors.safetensors``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from benchmark.errors import UserError
from benchmark.hashing import sha256_file, sha256_json
from benchmark.schema import Strict, parse

if TYPE_CHECKING:
    from torch import Tensor

HEADER, TENSORS = "artefact.json", "tensors.safetensors"

SCHEMA = 1
"""Version of the header; raised when a field changes its meaning."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class FittedBackbone(Strict):
    """The LLM an artefact belongs to; no other may use it."""

    name: str
    revision: str
    """Hub commit, or sha256 of the weights."""
    dtype: str


class TrainingData(Strict):
    """What was learnt from."""

    collection: str
    split: str
    revision: str
    """sha256 of topics, documents and judgements."""
    first_stage: str
    run_sha256: str
    depth: int
    queries: int
    """Topics that were used."""
    skipped: int
    """Topics left out: no relevant candidate, or nothing but relevant ones."""
    query_prints: tuple[str, ...]
    """`query_print` of every topic used; a leaderboard row that is measured on one of them is marked."""
    document_prints: tuple[str, ...]
    """`document_print` of every candidate seen."""


class Detection(Strict):
    """How well each head ranks alone."""

    measure: str
    table: tuple[tuple[float, ...], ...]
    """``[layers][heads]``."""


class Header(Strict):
    """Contents of ``artefact.json``."""

    schema_version: int = SCHEMA
    name: str
    method: str
    backbone: FittedBackbone
    data: TrainingData
    options: dict[str, Any]
    """The method's options while it was fitted."""
    settings: dict[str, Any]
    """Settings of the fit, defaults and seed included."""
    code: dict[str, str]
    """Version of this package, sha256 of the method's source and of the code that runs the model."""
    heads: tuple[str, ...] = ()
    """The best static set, best first; empty for a method that chooses no heads."""
    detection: Detection | None = None
    facts: dict[str, Any]
    """What came out of the fit: sizes, losses, qualities on held-out queries."""
    tensors_sha256: Sha256 | None
    """Of ``tensors.safetensors``; None where there is none."""
    sha256: Sha256
    """Of this header without this field; with it, of the whole artefact."""


@dataclass(frozen=True)
class Artefact:
    """An artefact as it was read; tensors are loaded when asked for."""

    folder: Path
    header: Header

    def tensors(self) -> dict[str, Tensor]:
        """The learnt tensors, on the CPU."""
        from safetensors.torch import load_file

        return dict(load_file(self.folder / TENSORS)) if self.header.tensors_sha256 else {}

    def refuse_other_backbone(self, name: str, revision: str) -> None:
        """UserError unless the artefact was fitted on this LLM."""
        fitted = self.header.backbone
        if (fitted.name, fitted.revision) != (name, revision):
            raise UserError(
                f"Artefact '{self.header.name}' was fitted on backbone '{fitted.name}' ({fitted.revision[:12]}) and "
                f"cannot be used with '{name}' ({revision[:12]}). Fit it anew: rerankbench fit {self.header.method} "
                f"--backbone {name}."
            )


def query_print(text: str) -> str:
    """A short hash of a query's text, case and white space aside."""
    return _print(" ".join(text.casefold().split()))


def document_print(docid: str, text: str) -> str:
    """A short hash of a document's id with its text, so that ids of unrelated corpora do not look alike."""
    return _print(f"{docid}\n{' '.join(text.split())}")


def is_artefact(path: Path) -> bool:
    """Whether a folder holds one."""
    return (path / HEADER).is_file()


def read_artefact(folder: Path) -> Artefact:
    """Read the header and check every hash.

    Raises:
        UserError: no artefact there, not readable, or altered since it was made.
    """
    try:
        values = json.loads((folder / HEADER).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{folder}: no artefact there ({HEADER} is missing). Make one: rerankbench fit.") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{folder / HEADER}: not valid JSON ({error}). Fit the artefact anew.") from None
    header = parse(Header, values, str(folder / HEADER))
    problems = []
    if _digest(header) != header.sha256:
        problems.append(f"{folder / HEADER}: was altered after the fit. Fit the artefact anew, or restore the file.")
    if header.tensors_sha256:
        path = folder / TENSORS
        if not path.is_file():
            problems.append(f"{path}: is missing. Restore the file.")
        elif sha256_file(path) != header.tensors_sha256:
            problems.append(f"{path}: was altered after the fit. Fit the artefact anew, or restore the file.")
    if problems:
        raise UserError(problems)
    return Artefact(folder, header)


def write_artefact(folder: Path, values: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Artefact:
    """Write tensors, then the header.

    Args:
        folder: made if need be; values: fields of `Header` except the hashes; tensors: may be empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stored = None
    if tensors:
        from safetensors.torch import save_file

        save_file({name: tensor.contiguous() for name, tensor in sorted(tensors.items())}, folder / TENSORS)
        stored = sha256_file(folder / TENSORS)
    else:
        (folder / TENSORS).unlink(missing_ok=True)
    unsigned = parse(Header, {**values, "tensors_sha256": stored, "sha256": "0" * 64}, str(folder))
    header = unsigned.model_copy(update={"sha256": _digest(unsigned)})
    partial = folder / f".{HEADER}.partial"
    partial.write_text(json.dumps(header.model_dump(mode="json"), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    partial.replace(folder / HEADER)
    return Artefact(folder, header)


def rounded(table: Tensor) -> list[list[float]]:
    """A table as JSON numbers: six significant digits, which is more than single precision reproduces."""
    return [[float(f"{value:.6g}") for value in row] for row in table.tolist()]


def overlap(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """How many of ``ours`` are among ``theirs``."""
    return len(set(ours) & set(theirs))


def _digest(header: Header) -> str:
    return sha256_json(header.model_dump(mode="json", exclude={"sha256"}))


def _print(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
