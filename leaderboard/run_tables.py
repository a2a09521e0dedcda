"""The tables of a run's page. Pure; everything that is not ours is escaped.

Not by a template: a site has a page for each of tens of thousands of runs, and most of a page is tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from markupsafe import Markup

from benchmark.hashing import canonical_json
from benchmark.timing.record import Timing
from leaderboard import text
from leaderboard.rows import Row, Section, hardware
from leaderboard.versus import Topic

Fact = tuple[str, object]
"""Name and value; markup in either stands as it is."""

SHOWN = 5
"""Documents of each ranking."""

_ONLY_HERE = ' <span class="quiet">only here</span>'


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


def largest(topics: Sequence[Topic]) -> Markup:
    """Topics with the first documents of two rankings."""
    return _lines(
        f'<tr><th scope="row">{escape(topic.qid)}</th><td class="number">{text.score(topic.ours)}</td>'
        f'<td class="number">{text.score(topic.theirs)}</td>'
        f'<td class="number"><span class="{"gain" if topic.difference > 0 else "loss"}">'
        f"{text.signed(topic.difference)}</span></td>"
        f"<td>{_ranking(topic.our_top, topic.their_top)}</td><td>{_ranking(topic.their_top, topic.our_top)}</td></tr>"
        for topic in topics
    )


def _ranking(own: Sequence[str], other: Sequence[str]) -> str:
    if not own:
        return '<span class="quiet">failed</span>'
    both = set(other[:SHOWN])
    items = "".join(f"<li>{escape(docid)}{'' if docid in both else _ONLY_HERE}</li>" for docid in own[:SHOWN])
    return f'<ol class="firsts">{items}</ol>'


def _lines(lines: Iterable[str]) -> Markup:
    return Markup("\n".join(lines))


def _html(value: object) -> str:
    return value if isinstance(value, Markup) else escape(str(value))


def _sorted(values: dict[str, object] | dict[str, str]) -> list[Fact]:
    return sorted(values.items(), key=lambda item: item[0].lower())


def _named(what: str, name: str) -> Markup:
    return Markup(f"{what} <code>{escape(name)}</code>")


def _code(value: str) -> Markup:
    return Markup(f"<code>{escape(value)}</code>")


def _hash(value: str) -> Markup:
    return Markup(f'<code class="hash">{escape(value)}</code>')
