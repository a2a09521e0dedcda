"""The tables of a run's page. Pure; everything that is not ours is escaped.

Not by a template: a site has a page for each of tens of thousands of runs, and most of a page is tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from markupsafe import Markup

from benchmark.harness.record import CellSummary, Memory
from benchmark.hashing import canonical_json
from benchmark.timing.record import Timing
from leaderboard import text
from leaderboard.costs import flops, timing
from leaderboard.rows import PRIMARY, Row, Section, hardware

Fact = tuple[str, object]
"""Name and value; markup in either stands as it is."""

Tile = tuple[str, str, str]
"""What, the number, and what is said of it."""


def facts(found: Iterable[Fact]) -> Markup:
    """Lines of a list of pairs."""
    return _lines(f"<div><dt>{_html(name)}</dt><dd>{_html(value)}</dd></div>" for name, value in found)


def asked(row: Row) -> list[Fact]:
    """What was asked."""
    method, backbone, collection = row.request.method, row.request.backbone, row.request.collection
    found: list[Fact] = [("Method", method.name), ("Preset", method.preset)]
    found += [(_named("Option", name), _code(canonical_json(value))) for name, value in _sorted(method.options)]
    if not method.options:
        found.append(("Options", "none"))
    if backbone:
        found += [
            ("Backbone", backbone.name),
            ("Weights from", f"{backbone.source}: {backbone.location}"),
            ("Number format", backbone.dtype),
        ]
        settings = _sorted(backbone.settings or {})
        found += [(_named("Engine’s", name), _code(canonical_json(value))) for name, value in settings]
    return [
        *found,
        ("Collection", f"{collection.name}, {collection.split}"),
        ("First stage", f"{collection.first_stage}, top {collection.depth}"),
        ("Protocol", row.request.protocol),
    ]


def ran_on(row: Row) -> list[Fact]:
    """Machine and versions; empty for a run that did not start."""
    machine, summary = row.machine, row.cell.summary
    if machine is None:
        return []
    found: list[Fact] = [
        ("Processor", machine.processor),
        ("Accelerator", machine.accelerator or "none"),
        ("Cores", machine.cores),
        ("Threads", machine.threads),
        ("Memory", text.gibibytes(machine.memory_bytes)),
        ("System", machine.platform),
        ("Started", machine.started),
    ]
    if row.fitted_on:
        found.append(("Fitted on", row.fitted_on))
    found.append(("Finished", summary.finished if summary else "–"))
    if row.summary and row.summary.load_seconds is not None:
        found.append(("Loading the model", text.seconds(row.summary.load_seconds)))
    found += [("Python", machine.python), *_sorted(machine.packages)]
    if machine.git_commit:
        changed = " with changes" if machine.git_dirty else ""
        found.append(("Git commit", _hash(machine.git_commit) + changed))
    return found


def hashes(row: Row) -> list[Fact]:
    """What the scores depend on."""
    backbone, collection = row.request.backbone, row.request.collection
    found: list[Fact] = [
        ("Identity of the request", _hash(row.identity)),
        ("Method’s source", _hash(row.request.method.source_sha256)),
    ]
    if backbone:
        found += [("Backbone’s revision", _hash(backbone.revision)), ("Engine’s source", _hash(backbone.engine_sha256))]
    return [
        *found,
        ("Collection’s revision", _hash(collection.revision)),
        ("First-stage run", _hash(collection.run_sha256)),
    ]


def timed(session: Timing) -> list[Fact]:
    """A timed session."""
    conditions = session.conditions
    load = conditions.other_load if conditions else None
    found: list[Fact] = [
        ("Started", session.started),
        ("Machine", hardware(session.machine)),
        ("Threads", session.machine.threads),
        ("Median", text.seconds(session.median)),
        ("90th percentile", text.seconds(session.p90)),
        ("Tokenisation, median", text.seconds(session.tokenise_median)),
        (
            "Ratio to a bare pass over the same tokens",
            f"{session.ratio:.2f}" if session.ratio else "no reference",
        ),
    ]
    if session.throughput:
        found.append((f"Throughput, {session.at_once} at once", f"{session.throughput:.3g} queries a second"))
    if session.load_seconds is not None:
        found.append(("Loading the model", text.seconds(session.load_seconds)))
    if session.prompt_cache != "none":
        found.append(("Prompt cache of the engine", session.prompt_cache))
    if session.failed:
        found.append(("Not timed, since they fail", ", ".join(session.failed)))
    if conditions:
        found.append(("Other load, processors", "not known" if load is None else f"{load:.2f}"))
        for label, name, unit in (
            ("Processor", "processor_mhz", "MHz"),
            ("Processor", "processor_celsius", "°C"),
            ("GPU", "device_mhz", "MHz"),
            ("GPU", "device_celsius", "°C"),
        ):
            before, after = getattr(conditions.before, name), getattr(conditions.after, name)
            if before is not None and after is not None:
                found.append((f"{label}, before and after", f"{before:.0f} and {after:.0f} {unit}"))
    return found


def tiles(row: Row) -> list[Tile]:
    """The numbers of a complete run at the head of its page; none of another one."""
    summary, session, test = row.summary, timing(row), row.comparison
    if summary is None:
        return []
    interval = summary.metrics.interval.get(PRIMARY)
    around = text.interval(interval) if interval else ""
    found = [(PRIMARY, text.score(summary.metrics.mean[PRIMARY]), f"{around} · rank {row.rank}")]
    if test:
        compared = f"{test.wins} better, {test.ties} equal, {test.losses} worse"
        p_values = f"{text.p_value(test.p_value)}, corrected {text.p_value(test.corrected)}"
        found.append(("Δ to the first stage", text.signed(test.difference), f"{p_values} · {compared}"))
    if session:
        ratio = f" · {session.ratio:.2f} times a bare pass" if session.ratio else ""
        many = f"{_queries(len(session.queries))}, {text.plural(session.repeats, 'repeat')}"
        told = f"p90 {text.seconds(session.p90)}{ratio} · {many}"
        found.append(("Median latency, timed session", text.seconds(session.median), told))
    if summary.latency:
        name = "Median latency, as it ran" if session else "Median latency"
        told = f"p90 {text.seconds(summary.latency.p90)} · {_queries(summary.latency.queries)}"
        found.append((name, text.seconds(summary.latency.median), told))
    if summary.memory:
        found.append(_memory(summary.memory))
    found.append(_cost(summary))
    if summary.cost.phases:
        phases = " · ".join([f"{phase} {text.seconds(spent)}" for phase, spent in summary.cost.phases.items()])
        found.append(("Seconds by phase", text.seconds(sum(summary.cost.phases.values())), phases))
    if summary.answers:
        faults = [f" · {many} {fault.replace('_', ' ')}" for fault, many in sorted(summary.answers.faults.items())]
        told = f"of {summary.answers.read:,}{''.join(faults)}"
        found.append(("Well-formed answers", text.percent(summary.answers.well_formed), told))
    return found


def as_tiles(found: Iterable[Tile]) -> Markup:
    """The items of a list of tiles."""
    return _lines(
        f'<div><dt>{name}</dt><dd>{value}</dd><dd class="quiet">{escape(told)}</dd></div>'
        for name, value, told in found
    )


def _memory(memory: Memory) -> Tile:
    weights = "not known" if memory.weights is None else f"{text.mebibytes(memory.weights)} MiB"
    peak = memory.peak_above_weights
    told = "peak not known" if peak is None else f"peak {text.mebibytes(peak)} MiB above"
    if memory.process_peak is not None:
        told += f" · process {text.mebibytes(memory.process_peak)} MiB"
    if memory.preallocated:
        told += " · taken in advance by the engine, not comparable"
    return "Weights", weights, told


def _cost(summary: CellSummary) -> Tile:
    cost, operations = summary.cost, flops(summary)
    told = f"{text.count(cost.forward_passes)} forward passes · {text.count(cost.completion_tokens)} tokens written"
    if cost.dollars:
        told += f" · ${cost.dollars:.6f}"
    if operations:
        told += f" · {text.flops(operations)}"
    if summary.energy_joules is not None:
        told += f" · {summary.energy_joules:.3g} joules"
    return "Prompt tokens a query", text.count(cost.prompt_tokens), told


def _queries(number: int) -> str:
    return text.plural(number, "query", "queries")


def metrics(section: Section, row: Row) -> Markup:
    """Means with their intervals."""
    found = row.summary.metrics if row.summary else None
    return _lines(
        f'<tr><th scope="row">{escape(name)}</th><td class="number">{text.score(found.mean[name])}</td>'
        f'<td class="number">{text.interval(found.interval[name]) if name in found.interval else "–"}</td></tr>'
        for name in section.metrics
        if found and name in found.mean
    )


def files(row: Row) -> Markup:
    """What is in the run's zip."""
    return facts((file.name, Markup(f"{file.size:,} bytes, sha256 {_hash(file.sha256)}")) for file in row.files)


def _lines(lines: Iterable[str]) -> Markup:
    return Markup("\n".join(lines))


def _html(value: object) -> str:
    return value if isinstance(value, Markup) else text.escaped(str(value))


def _sorted(values: dict[str, object] | dict[str, str]) -> list[Fact]:
    return sorted(values.items(), key=lambda item: item[0].lower())


def _named(what: str, name: str) -> Markup:
    return Markup(f"{what} <code>{escape(name)}</code>")


def _code(value: str) -> Markup:
    return Markup(f"<code>{escape(value)}</code>")


def _hash(value: str) -> Markup:
    return Markup(f'<code class="hash">{escape(value)}</code>')
