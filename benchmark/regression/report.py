"""What a regression run found, as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.regression.measure import Outcome
from benchmark.regression.record import Expected


def markdown(outcomes: Sequence[Outcome]) -> str:
    """A table of all conditions, then every change and the history of what changed."""
    lines = [
        "## Regression",
        "",
        "| condition | verdict | tokens | passes | seconds | of reference | last changed |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    lines += [_line(outcome) for outcome in outcomes]
    changed = [outcome for outcome in outcomes if outcome.changes]
    for outcome in changed:
        lines += ["", f"### {outcome.condition.name}", "", f"`{outcome.condition.command}`", ""]
        lines += [f"- {change}" for change in outcome.changes]
        lines += [f"- before: {change.date.isoformat()}, {change.reason}" for change in outcome.condition.history]
    if changed:
        lines += ["", "If this is meant: `rerankbench regress --update --reason '...'`, in the same pull request."]
    return "\n".join(lines) + "\n"


def _line(outcome: Outcome) -> str:
    measured = outcome.measured
    history = outcome.condition.history
    last = f"{history[-1].date.isoformat()}: {history[-1].reason}" if history else "never measured"
    ratio = "" if outcome.ratio is None else f"{outcome.ratio:.2f}"
    verdict = "changed" if outcome.changes else "as expected"
    cells = [outcome.condition.name, verdict, _tokens(measured), str(measured.forward_passes)]
    return "| " + " | ".join([*cells, f"{measured.seconds:.2f}", ratio, last.replace("|", "/")]) + " |"


def _tokens(measured: Expected) -> str:
    return f"{measured.prompt_tokens} + {measured.completion_tokens}"
