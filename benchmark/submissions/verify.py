"""Run queries of a submission again and compare; the one place where a submission's method runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.backbones.spec import AS_SERVED
from benchmark.errors import UserError
from benchmark.harness import provenance
from benchmark.harness.plan import Planned, Prepare, plan
from benchmark.harness.record import CellRequest, QueryRecord
from benchmark.harness.rerun import rerun
from benchmark.hashing import sha256_json
from benchmark.submissions.record import Difference, SubmittedRun, VerifiedRun
from benchmark.submissions.reference import reference
from benchmark.submissions.validate import CheckedRun
from benchmark.suites import Suite, SuiteCollection, SuiteMethod

METRIC = "nDCG@10"


@dataclass(frozen=True)
class Here:
    """Where this machine has what a run needs.

    Attributes:
        backbone: a name or path in place of the run's backbone, for one that lies elsewhere here; its weights must be
            the same.
        artefacts: folders by option, for those that are not shipped with the method.
        prepare: as `plan` takes it; threads: of the backbone.
    """

    prepare: Prepare
    threads: int = 1
    backbone: str | None = None
    artefacts: Mapping[str, Path] | None = None


def sample(seed: str, identity: str, qids: Iterable[str], size: int) -> list[str]:
    """``size`` topics that follow from the seed alone, and that nobody can guess before it is known."""
    return sorted(qids, key=lambda qid: sha256_json([seed, identity, qid]))[:size]


def verify(checked: CheckedRun, seed: str, size: int, tolerance: float, here: Here) -> VerifiedRun:
    """Run a sample of a run's queries again.

    Args:
        size: topics; at least as many as there are: all of them.
        tolerance: largest difference of a score, as a share of its query's spread.

    Raises:
        UserError: it cannot be run here, or other weights, options or artefacts would be used.
    """
    run = checked.run
    planned, notes = planned_again(run, here)
    chosen = set(sample(seed, run.request.identity, (record.qid for record in checked.records), size))
    submitted = [record for record in checked.records if record.qid in chosen]
    again, accelerator = rerun(planned, [record.qid for record in submitted], here.threads)
    compared = [compare(theirs, ours, tolerance) for theirs, ours in zip(submitted, again, strict=True)]
    shares = [share for share, _ in compared if share is not None]
    whole = len(submitted) == len(checked.records)
    return VerifiedRun(
        identity=run.request.identity,
        queries=len(checked.records),
        sample=len(submitted),
        largest=max(shares, default=None),
        ndcg10=(checked.means[METRIC], reference(run.request.collection).means(again)[METRIC]) if whole else None,
        differences=tuple(
            Difference(qid=record.qid, reason=reason)
            for record, (_, reason) in zip(submitted, compared, strict=True)
            if reason
        ),
        notes=tuple(notes),
        machine=provenance.machine(planned.command, here.threads, accelerator),
    )


def compare(theirs: QueryRecord, ours: QueryRecord, tolerance: float) -> tuple[float | None, str]:
    """Largest difference of a score over the spread of the submitted ones, and why the two do not agree if so.

    Where all submitted scores are equal, their size stands in for the spread.
    """
    if theirs.docids != ours.docids:
        return None, "other candidates"
    if theirs.scores is None or ours.scores is None:
        failed = [record.failure.type for record in (theirs, ours) if record.failure]
        return None, "" if len(failed) == 2 else f"{'the re-run' if theirs.scores else 'only the submission'} failed"
    if not theirs.scores:
        return 0.0, ""
    spread = max(theirs.scores) - min(theirs.scores) or max(map(abs, theirs.scores)) or 1.0
    share = max(abs(a - b) for a, b in zip(theirs.scores, ours.scores, strict=True)) / spread
    # Not "share > tolerance": that is false for a number that is none.
    agrees = math.isfinite(share) and share <= tolerance
    return share, "" if agrees else f"scores differ by {share:.3g} of their spread"


def planned_again(run: SubmittedRun, here: Here) -> tuple[Planned, list[str]]:
    """The run as this code would run it here, and what is not the same though it may be.

    Raises:
        UserError: as `verify`.
    """
    request = run.request
    options = {key: value for key, value in request.method.options.items() if key not in request.method.artefacts}
    options |= {option: str(folder) for option, folder in (here.artefacts or {}).items()}
    name = here.backbone or (request.backbone.name if request.backbone else None)
    asked = request.collection
    suite = Suite(
        name="verify",
        title="Verification",
        description="One run of a submission.",
        methods=(SuiteMethod(method=request.method.name, preset=request.method.preset, options=options),),
        backbones=(name,) if name and request.backbone else (),
        collections=(
            SuiteCollection(collection=asked.name, split=asked.split, first_stage=asked.first_stage),
        ),
        depth=(asked.depth,),
    )  # fmt: skip
    number_format: Any = request.backbone.dtype if request.backbone else None
    (planned,) = plan(suite, here.prepare, dtype=None if number_format == AS_SERVED else number_format)
    differing = _differing(request, planned.request)
    fatal = [key for key in differing if key not in MAY_DIFFER]
    if fatal:
        raise UserError(
            f"{run.file}: cannot be run again as it was; here it would have another {', '.join(fatal)}. Name the same "
            "backbone and artefacts with --backbone and --artefact."
        )
    return planned, [f"another {MAY_DIFFER[key]}" for key in differing]


MAY_DIFFER = {
    "method.source_sha256": "version of the method's code",
    "backbone.engine_sha256": "version of the code that runs the model",
    "backbone.attention": "attention kernel",
    "backbone.name": "name of the backbone",
    "backbone.location": "place of the weights",
    "backbone.source": "source of the weights",
}
"""Fields of a request that a re-run may have otherwise, because scores must agree all the same."""


def _differing(theirs: CellRequest, ours: CellRequest) -> list[str]:
    """Dotted names of the fields in which two requests differ."""
    found = []
    for part in ("method", "backbone", "collection"):
        left, right = (request.model_dump(mode="json")[part] or {} for request in (theirs, ours))
        found += [f"{part}.{key}" for key in sorted(left.keys() | right.keys()) if left.get(key) != right.get(key)]
    return found
