"""``rerankbench evaluate RUN --qrels F``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("run", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--qrels", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Judgement file.")
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Run file to compare with (paired test).",
)
@click.option(
    "--relevant-from",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Lowest grade that counts as relevant in MAP, MRR and recall (2 for TREC Deep Learning).",
)
@click.option("--per-query", is_flag=True, help="Also every topic's values.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(run: Path, qrels: Path, baseline: Path | None, relevant_from: int, per_query: bool, as_json: bool) -> None:
    """Measure RUN, a TREC run file; equal scores count in file order."""
    from benchmark.evaluation.metrics import evaluate, mean
    from benchmark.evaluation.qrels import read_qrels
    from benchmark.evaluation.runfile import read_run
    from benchmark.evaluation.statistics import bootstrap_interval, paired_test

    judgements = read_qrels(qrels)

    def measure(path: Path) -> dict[str, dict[str, float]]:
        rankings = {qid: [hit.docid for hit in hits] for qid, hits in read_run(path).items()}
        return evaluate(rankings, judgements, relevant_from=relevant_from)

    values = measure(run)
    report: dict[str, Any] = {
        "run": run.name,
        "topics": len(next(iter(values.values()))),
        "mean": mean(values),
        "interval": {name: bootstrap_interval(list(scores.values())) for name, scores in values.items()},
    }
    if baseline:
        others = measure(baseline)
        report["paired_test"] = {name: vars(paired_test(values[name], others[name])) for name in values}
    if per_query:
        report["per_query"] = values
    if as_json:
        click.echo(json.dumps(report, indent=1))
        return
    _print(report)


def _print(report: dict[str, Any]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from benchmark.cli.table import output

    table = Table(title=escape(f"{report['run']}: {report['topics']} topics"))
    for column in ("metric", "mean", "95% interval", "difference", "p"):
        table.add_column(column, justify="left" if column == "metric" else "right")
    for name, value in report["mean"].items():
        low, high = report["interval"][name]
        test = report.get("paired_test", {}).get(name)
        against = (f"{test['difference']:+.4f}", f"{test['p_value']:.4f}") if test else ("-", "-")
        table.add_row(name, f"{value:.4f}", f"{low:.4f} to {high:.4f}", *against)
    output().print(table)
    for name, scores in report.get("per_query", {}).items():
        for qid, value in scores.items():
            click.echo(f"{name}\t{qid}\t{value:.4f}")
