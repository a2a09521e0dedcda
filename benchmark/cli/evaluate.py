"""``rerankbench evaluate RUN --qrels F`` or ``--collection NAME``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.table import Table

    from benchmark.collections.base import Qrels


@click.command()
@click.argument("run", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--qrels", type=click.Path(dir_okay=False, path_type=Path), help="Judgement file.")
@click.option(
    "--collection",
    "collection_name",
    metavar="NAME[:SPLIT]",
    help="Collection to take judgements from, and groups of topics to report by; test split unless named.",
)
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Run file to compare with (paired test).",
)
@click.option("--metric", "metrics", multiple=True, metavar="NAME", help="Only this metric (repeatable).")
@click.option(
    "--relevant-from",
    type=click.IntRange(min=1),
    default=None,
    show_default="the collection's, or 1",
    help="Lowest grade that counts as relevant in MAP, MRR and recall (2 for TREC Deep Learning).",
)
@click.option("--per-query", is_flag=True, help="Also every topic's values.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    run: Path,
    qrels: Path | None,
    collection_name: str | None,
    baseline: Path | None,
    metrics: tuple[str, ...],
    relevant_from: int | None,
    per_query: bool,
    as_json: bool,
) -> None:
    """Measure RUN, a TREC run file; equal scores count in file order."""
    from benchmark.evaluation.groups import by_group
    from benchmark.evaluation.metrics import evaluate, mean
    from benchmark.evaluation.runfile import read_run
    from benchmark.evaluation.statistics import bootstrap_interval, paired_test

    chosen = _chosen(metrics)
    judgements, groups, lowest = _judgements(qrels, collection_name)

    def measure(path: Path) -> dict[str, dict[str, float]]:
        rankings = {qid: [hit.docid for hit in hits] for qid, hits in read_run(path).items()}
        values = evaluate(rankings, judgements, relevant_from=relevant_from or lowest)
        return {name: values[name] for name in chosen}

    values = measure(run)
    measured = len(next(iter(values.values())))
    report: dict[str, Any] = {
        "run": run.name,
        "topics": measured,
        "left_out": len(groups.keys() | judgements.keys()) - measured,
        "mean": mean(values),
        "interval": {name: bootstrap_interval(list(scores.values())) for name, scores in values.items()},
    }
    if found := by_group(values, groups):
        report["groups"] = {name: vars(group) for name, group in found.items()}
    if baseline:
        others = measure(baseline)
        report["paired_test"] = {name: vars(paired_test(values[name], others[name])) for name in values}
    if per_query:
        report["per_query"] = values
    if as_json:
        click.echo(json.dumps(report, indent=1))
        return
    _print(report)


def _chosen(metrics: tuple[str, ...]) -> list[str]:
    """The metrics that were asked for, each once, or all; UserError for an unknown one."""
    from benchmark.evaluation.metrics import METRICS
    from benchmark.names import canonical, unknown

    known = {canonical(name): name for name in METRICS}
    for name in metrics:
        if canonical(name) not in known:
            raise unknown("metric", name, METRICS)
    return list(dict.fromkeys(known[canonical(name)] for name in metrics)) or list(METRICS)


def _judgements(qrels: Path | None, collection_name: str | None) -> tuple[Qrels, Mapping[str, str | None], int]:
    """Judgements, the group of each topic, and the lowest relevant grade."""
    from benchmark.collections import catalogue
    from benchmark.errors import UserError
    from benchmark.evaluation.qrels import read_qrels

    if qrels is not None and collection_name is None:
        return read_qrels(qrels), {}, 1
    if qrels is not None or collection_name is None:
        raise UserError("Say what to measure against: either --qrels FILE or --collection NAME[:SPLIT].")
    name, _, split = collection_name.partition(":")
    collection = catalogue.find(name, split or "test")
    groups = {topic.qid: topic.group for topic in collection.topics()}
    return collection.qrels(), groups, collection.relevant_from


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
    if "groups" in report:
        output().print(_group_table(report))
    if report["left_out"]:
        click.echo(f"Topics without a relevant document, left out: {report['left_out']}.")
    for name, scores in report.get("per_query", {}).items():
        for qid, value in scores.items():
            click.echo(f"{name}\t{qid}\t{value:.4f}")


def _group_table(report: dict[str, Any]) -> Table:
    """A row a metric and a column a group; names of groups are broken at their hyphens to be narrow."""
    from rich.markup import escape
    from rich.table import Table

    groups = report["groups"]
    table = Table(title="Means by group of topics")
    table.add_column("metric")
    for name in ("all", *groups):
        table.add_column(escape(name.replace("-", "-\n")), justify="right", overflow="fold")
    for name, value in report["mean"].items():
        means = [f"{group['mean'][name]:.4f}" if group["topics"] else "-" for group in groups.values()]
        table.add_row(name, f"{value:.4f}", *means)
    table.add_section()
    for key, name in (("topics", "topics"), ("left_out", "left out")):
        table.add_row(name, str(report[key]), *(str(group[key]) for group in groups.values()))
    return table
