"""What each column says, in one sentence: for the page about the leaderboard and for docs/leaderboard.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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

OTHERS: tuple[Column, ...] = (
    Column("Method as published", "The method in the words of the paper or page that its number comes from."),
    Column("Run here", "Our run of the same method, model, first stage and depth; it leads to the run’s page."),
    Column("Published", "The nDCG@10 that the source gives, from 0 to 100."),
    Column("Measured", "The nDCG@10 that was measured here, from 0 to 100."),
    Column(
        "Difference",
        "The first of the two values minus the second: measured minus published, above minus below, this run minus the "
        "other.",
    ),
    Column("In the interval", "Whether the published number lies in the 95% interval of the measured one."),
    Column("Source", "The paper, repository or model card that a published number comes from."),
    Column("First stage, depth", "Which order was re-ranked, and how many of its first documents, where it says so."),
    Column("Ranked above", "The run with the higher nDCG@10 of two neighbours in rank.", ("Ranked below",)),
    Column("Better, equal, worse", "On how many topics the run ranked above scored higher, the same, and lower."),
    Column("Compare", "Leads to the two runs topic by topic."),
    Column("Backbone and preset", "The language model and the named set of options of a row.", ("Method and preset",)),
    Column("Run", "Leads to the page of the run, or says why there is none."),
    Column("Machine", "Processor, cores, memory and accelerator that a row’s seconds and memory come from."),
    Column("Metric", "A way to say with one number how good an order is; each is explained in the table above."),
    Column("Mean", "The average over the queries of a run, or over the collections of a family."),
    Column("Query", "The name that the collection gives to a question."),
    Column("Remarks", "What was special: a warm-up query whose time does not count, or why the query failed."),
    Column("This run", "The nDCG@10 of the run whose page it is on one query.", ("The other",)),
    Column(
        "First five of this run",
        "The documents that a ranking puts first, best first; “only here” marks those that the other does not have.",
        ("First five of the other",),
    ),
    Column("Preset", "The name of a set of options."),
    Column("What it is", "What a preset changes or stands for, in words."),
    Column("Options", "The options that differ from the default, and their values."),
    Column("Layer", "A layer of the model, counted from 0 at its input."),
    Column("Mean of its heads", "How well the heads of a layer rank training queries alone, on average."),
    Column("Best head", "The same for the best head of the layer, and its number."),
    Column("Heads that are read", "The heads of the layer whose attention the method uses."),
    Column("Set", "What a published choice of heads is called in the option."),
    Column("Model", "The language model that a set of heads was chosen for, or that a published number is of."),
    Column("Detected on", "The data that a set of heads was chosen with."),
    Column("Heads", "How many heads a set has."),
    Column("First five", "The heads that the authors put first, each as layer and head."),
    Column("Family", "The group that a collection belongs to, or what kind of output of the model a method reads."),
    Column("What it does", "The method in a sentence."),
    Column("Needs", "What a method reads of the model: attention, logits or written text."),
    Column("Paper", "Where the method was published."),
    Column("Runs", "How many runs of it are shown on this site."),
    Column("Kind", "How the model is built, which says what methods can read of it."),
    Column("Parameters", "How many numbers the model has learned."),
    Column("Context, tokens", "The longest prompt that the model can read."),
    Column("Licence", "Under which terms the weights or the collection may be used."),
    Column("Weights from", "Where the weights of a run were taken from."),
    Column("Revision", "Hash of exactly these weights, its first twelve digits."),
    Column("Number format", "The type of number in which the model computed."),
    Column("Code that runs it", "Hash of our source files that drive the model, its first twelve digits."),
    Column("Collection", "A set of queries, documents and judgements, with its name on the command line."),
    Column("Topics", "How many queries the test part of a collection has."),
    Column("Documents", "How many documents a collection has to search in."),
    Column("Results", "Leads to the results for each split, first stage and depth."),
    Column("Condition", "A method, preset, backbone and collection that the regression ledger runs again and again."),
    Column("Seconds", "Wall clock for all topics of a condition, on the processor that is shown when you point at it."),
    Column("Why", "What changed the expected values, in the words of whoever changed them."),
)
"""Columns of the smaller tables."""


def entries() -> Iterator[Column]:
    """The columns of the large tables, then the other metrics."""
    yield from COLUMNS
    named = {column.name for column in COLUMNS}
    yield from (Column(metric.name, metric.description) for metric in TABLE if metric.name not in named)


def markdown(columns: Iterable[Column]) -> str:
    """The same as a table of Markdown."""
    rows = "".join(f"| {', '.join((column.name, *column.also))} | {column.meaning} |\n" for column in columns)
    return f"| column | what it says |\n|---|---|\n{rows}"
