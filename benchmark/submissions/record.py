"""What a submission says of itself, and what a maintainer's check of it found."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from benchmark.collections.spec import Sha256
from benchmark.harness.record import CellRequest, Machine
from benchmark.schema import Strict
from benchmark.submissions.limits import is_name

SCHEMA: Literal[1] = 1
"""Version of both records."""

DESCRIPTION, RUNS, RECORDS = "submission.yaml", "runs", "records"
"""File and folder of a submission; folder of maintainers' records beside all submissions."""

MOST = 2**53
"""The largest count, size or time that is believed."""
TOLERANCE = 0.01
"""The largest tolerance that may be declared."""


def _name(text: str) -> str:
    if not is_name(text):
        raise ValueError("must be lower-case letters, digits, '-', '_' and single dots")
    return text


def moment(text: str) -> str:
    """A time in UTC as ISO 8601 writes it, as it stands; ValueError for anything else."""
    if datetime.fromisoformat(text).utcoffset() != timedelta(0):
        raise ValueError("must be a time in UTC, ISO 8601")
    return text


Name = Annotated[str, AfterValidator(_name)]
Moment = Annotated[str, Field(max_length=40), AfterValidator(moment)]
Line = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\r\n]*$")]
Licence = Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]*$")]
Url = Annotated[str, Field(max_length=500, pattern=r"^https://[A-Za-z0-9.-]+(:\d+)?/[^\s<>\"'\\]*$")]


class ArtefactReference(Strict):
    """Where an artefact of a fitted method can be had."""

    option: Name
    """The option that names it."""
    sha256: Sha256
    """As in the request."""
    url: Url | None
    """None: it is shipped with the method."""


class SubmittedRun(Strict):
    """One cell."""

    request: CellRequest
    machine: Machine
    """Hardware, versions and command."""
    sessions: tuple[Machine, ...] = Field(default=(), max_length=100)
    """Of a run that was stopped: where it went on."""
    finished: Moment
    """UTC, ISO 8601."""
    weight_bytes: int | None = Field(ge=0, le=MOST)
    """Of the backbone as loaded."""
    process_peak: int | None = Field(default=None, ge=0, le=MOST)
    """Largest resident set of the worker that finished it."""
    load_seconds: float | None = Field(ge=0, le=MOST)
    run_sha256: Sha256
    """Of the run file, unpacked."""
    lines_sha256: Sha256
    """Of the per-query lines, unpacked."""
    timing_sha256: Sha256 | None = None
    """Of the timed session, unpacked; None where there was none."""

    @property
    def file(self) -> str:
        """What its files are called, before their endings; follows from the request alone."""
        return f"{self.request.collection.name}.{self.request.method.preset}.{self.request.identity[:12]}"

    @property
    def files(self) -> dict[str, str]:
        """Path of each of its files in the submission's folder, by what it is: ``run``, ``lines`` and ``timing``."""
        ends = {"run": "trec.gz", "lines": "jsonl.gz"} | ({"timing": "timing.json.gz"} if self.timing_sha256 else {})
        return {what: f"{RUNS}/{self.file}.{end}" for what, end in ends.items()}


class Submission(Strict):
    """Contents of ``submission.yaml``. No metric stands in it: all are computed from the runs."""

    schema_version: Literal[1] = SCHEMA
    date: date
    method: Name
    card: Line
    """Path of the method's card in this repository, or URL of the package that brings the method."""
    card_sha256: Sha256
    backbone: Line | None
    """None for a method that needs none; its revision stands in each run."""
    contact: Line
    """Whom to ask: what the submitter chose to give."""
    licence: Licence
    """Of the run files (SPDX)."""
    training_data: tuple[Line, ...]
    """``collection:split`` or name of everything the method was fitted on; empty: nothing."""
    artefacts: tuple[ArtefactReference, ...] = ()
    tolerance: float = Field(default=1e-3, gt=0, le=TOLERANCE)
    """How far scores may lie from a re-run's, as a share of the query's spread of scores."""
    runs: tuple[SubmittedRun, ...] = Field(min_length=1, max_length=500)

    @property
    def folder(self) -> str:
        """``<date>-<method>-<backbone>``."""
        return f"{self.date.isoformat()}-{self.method}-{folder_part(self.backbone)}"


def folder_part(backbone: str | None) -> str:
    """A backbone's name as part of a folder's."""
    return (backbone or "no-backbone").lower().replace("/", "--").replace("@", "-at-")


class Difference(Strict):
    """A query whose re-run does not agree."""

    qid: str
    reason: str


class VerifiedRun(Strict):
    """What a re-run of one cell found."""

    identity: Sha256
    queries: int = Field(gt=0)
    """Topics of the cell; sample: those that were run again."""
    sample: int = Field(gt=0)
    largest: float | None
    """Largest difference of a score, as a share of its query's spread; None where no query could be compared."""
    ndcg10: tuple[float, float] | None = None
    """nDCG@10 as submitted and of the re-run, where all topics were run again."""
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    """What was not the same as in the submission, such as the code's version."""
    machine: Machine

    @property
    def agrees(self) -> bool:
        """Whether every query of the sample did."""
        return not self.differences


class Verification(Strict):
    """A signed-off record of ``rerankbench verify``; kept by maintainers, never inside a submission."""

    schema_version: Literal[1] = SCHEMA
    submission: Name
    submission_sha256: Sha256
    """Of its ``submission.yaml``, which holds the hashes of all its other files."""
    by: Line
    date: date
    seed: Line
    """What the sample follows from: the commit that brought the submission, or what ``by`` chose."""
    tolerance: float
    runs: tuple[VerifiedRun, ...] = Field(min_length=1)
