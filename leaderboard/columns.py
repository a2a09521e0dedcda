"""What each column says, in one sentence: for the page about the leaderboard and for docs/leaderboard.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmark.evaluation.metrics import TABLE


@dataclass(frozen=True)
class Column:
    """A column's name, its meaning in a sentence that needs no other page, and what narrow tables call it."""

    name: str
    meaning: str
    also: tuple[str, ...] = ()


COLUMNS: tuple[Column, ...] = (
    Column(
        "Rank",
        "The places a row may have, since the differences to its neighbours may be chance; on a collection’s page the "
        "plain place, where equal scores share one.",
    ),
    Column(
        "Tie group",
        "The letter beside the rank: rows with the same letter as the best of them cannot be told from it with these "
        "queries.",
    ),
    Column("Method", "The way of re-ranking with its preset (a named set of options); its page says what it does."),
    Column(
        "Backbone", "The language model that the method asks, with its number format; none for methods without one."
    ),
    Column(
        "nDCG@10",
        "How good the first ten places are, from 0 (nothing useful) to 1 (the best possible order), on average over "
        "all queries.",
    ),
    Column(
        "Mean nDCG@10",
        "The average of a family’s collections, each counted once, for rows that have all of them.",
    ),
    Column(
        "A collection’s name",
        "The nDCG@10 on that collection alone; it leads to the run, and where there is none, the cell says why.",
    ),
    Column(
        "95% interval",
        "Where the average would probably lie with other queries of the same kind; wide intervals mean few queries.",
    ),
    Column(
        "Δ first stage",
        "How much better (+) or worse (−) the row is than the order it was given to improve, on the same queries.",
        ("Δ first",),
    ),
    Column(
        "p",
        "How often a difference at least this large would appear by chance if both orders were equally good; below "
        "0.05 is commonly called significant.",
    ),
    Column(
        "Latency",
        "Seconds from handing over one query with its candidates to having its order, half of the queries being "
        "faster; ~ marks a value that does not come from a timed session.",
        ("Latency, median",),
    ),
    Column("Latency, p90", "Nine of ten queries are faster than this."),
    Column(
        "Ratio",
        "How many times as long as one bare pass of the same model over the same tokens on the same machine, so that "
        "machines matter less.",
    ),
    Column("Memory", "The most memory in use during any query, the model’s weights included, in MiB.", ("MiB",)),
    Column("Weights, MiB", "Memory that the loaded model occupies before any query."),
    Column("Peak above, MiB", "The most memory in use beyond the weights during any query."),
    Column(
        "Tokens",
        "How many tokens the model read for one query on average, and after a plus sign those it wrote.",
        ("Prompt tokens",),
    ),
    Column("Written tokens", "How many tokens the model wrote for one query, on average."),
    Column("Passes", "How often the model was run for one query, on average.", ("Forward passes",)),
    Column("FLOPs", "Arithmetic for one query, estimated from the model’s shape and the number of tokens."),
    Column("Energy", "Joules that the machine used for one query on average, where it can tell."),
    Column("Throughput", "Queries a second when many are in hand at once."),
    Column(
        "Well-formed",
        "Share of the rankings written by the model that named every passage once and nothing else, and were not cut "
        "off.",
        ("Formed",),
    ),
    Column("Failed", "Queries for which the method gave no valid scores; they count 0 and nothing stands in for them."),
    Column(
        "Trust",
        "How far a result was checked: submitted (its files), spot-checked (some queries were run again), reproduced "
        "(all of them, on another machine), or own run.",
    ),
    Column("Hardware", "The machine it ran on; seconds and memory are compared only between rows of the same machine."),
    Column("Date", "The day on which the last of a row’s runs ended."),
)
"""Every column but the metrics that only collections and runs show."""


def entries() -> Iterator[Column]:
    """The columns, then the other metrics."""
    yield from COLUMNS
    named = {column.name for column in COLUMNS}
    yield from (Column(metric.name, metric.description) for metric in TABLE if metric.name not in named)


def markdown() -> str:
    """The same as a table of Markdown."""
    rows = "".join(f"| {', '.join((column.name, *column.also))} | {column.meaning} |\n" for column in entries())
    return f"| column | what it says |\n|---|---|\n{rows}"
