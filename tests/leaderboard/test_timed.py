"""A run's page tells of its timed session and of memory that cannot be compared."""

from __future__ import annotations

from pathlib import Path

import cells

from benchmark.harness.record import Memory
from benchmark.harness.store import SUMMARY, TIMING, pretty, read_cell, write_atomic
from benchmark.timing.record import Conditions, Snapshot, TimedQuery, Timing
from leaderboard import build

COOL = Snapshot(processor_mhz=2400.0, processor_celsius=None, load_average=0.1, device_mhz=1980.0, device_celsius=41.4)


def page_of(tmp_path: Path, timing: Timing | None, memory: Memory | None = None) -> str:
    """Words of the only run's page."""
    asked = cells.request()
    folder = cells.write_cell(tmp_path / "results", asked)
    if timing is not None:
        write_atomic(folder / TIMING, pretty(timing.model_dump(mode="json")))
    if memory is not None:
        summary = read_cell(folder).summary
        assert summary is not None
        write_atomic(folder / SUMMARY, pretty(summary.model_copy(update={"memory": memory}).model_dump(mode="json")))
    site = build([tmp_path / "results"], tmp_path / "site").index.parent
    (page,) = [path for path in site.rglob("*.html") if "run.trec" in path.read_text()]
    return page.read_text()


def test_conditions_throughput_and_what_is_not_known(tmp_path: Path) -> None:
    timing = Timing(
        identity=cells.request().identity,
        started="2026-03-01T10:00:00+00:00",
        queries=(TimedQuery(qid="q1", prompt_tokens=9, seconds=(0.5,) * 3, tokenise_seconds=(0.1,) * 3),),
        failed=("q7", "q9"),
        repeats=3,
        warm_ups=3,
        load_seconds=None,
        machine=cells.machine(),
        conditions=Conditions(before=COOL, after=COOL.model_copy(update={"device_mhz": 1500.0}), other_load=0.25),
        prompt_cache="not known",
        throughput=4.0,
        at_once=3,
    )
    page = page_of(tmp_path, timing)
    for name, value in (
        ("Throughput, 3 at once", "4 queries a second"),
        ("Prompt cache of the engine", "not known"),
        ("Not timed, since they fail", "q7, q9"),
        ("Other load, processors", "0.25"),
        ("Processor, before and after", "2400 and 2400 MHz"),
        ("GPU, before and after", "1980 and 1500 MHz"),
        ("GPU, before and after", "41 and 41 °C"),
    ):
        assert f"<dt>{name}</dt><dd>{value}</dd>" in page
    assert "None" not in page


def test_memory_taken_in_advance_is_marked(tmp_path: Path) -> None:
    memory = Memory(weights=None, peak_above_weights=None, process_peak=300 * cells.MIB, preallocated=True)
    page = page_of(tmp_path, None, memory)
    assert "peak not known · process 300 MiB · taken in advance by the engine, not comparable" in page
    assert "Timed session" not in page
