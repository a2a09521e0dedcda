"""``rerankbench rerank``: a JSON lines file in, a JSON lines file out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import IO, Any

import click

from benchmark.cli.options import backbone_options, option_values, prepared
from benchmark.errors import UserError


@click.command()
@click.option("--method", "method_name", required=True, help="A method: rerankbench list methods.")
@click.option("--preset", default="default", show_default=True, help="One of the method's presets.")
@click.option("--backbone", "backbone_name", default=None, help="An LLM: rerankbench list backbones.")
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE", help="An option of the method (repeatable).")
@click.option("--input", "source", required=True, metavar="FILE", help="Requests; - is standard input.")
@click.option("--output", "target", required=True, metavar="FILE", help="Answers; - is standard output.")
@backbone_options
def command(
    method_name: str,
    preset: str,
    backbone_name: str | None,
    options: tuple[str, ...],
    source: str,
    target: str,
    threads: int,
    dtype: Any,
    accept_terms: bool,
) -> None:
    """Re-rank the candidates of each request, or the chunks of a long document.

    A request is one JSON object a line: {"qid", "query", "candidates": [{"docid", "text", "title"}, ...]} with the
    candidates in first-stage order, or {"question", "chunks": ["text", ...]} with the chunks in the order of the
    document (docs/long-context.md says how to name them). An answer is {"qid", "scores": [{"docid", "score"}, ...]},
    best first, with seconds (in all, and by phase), prompt_tokens, completion_tokens and forward_passes; of a method
    that writes rankings also the number of answers read, of malformed ones, and their faults. All requests are checked
    before the first is answered.
    """
    from benchmark.backbones import catalogue
    from benchmark.requests import read_requests
    from methods import registry

    plugin = registry.find(method_name)
    values = plugin.options(preset, option_values(options))
    selected = catalogue.find(backbone_name) if backbone_name else None
    if plugin.card.needs and selected is None:
        raise UserError(f"Method '{plugin.name}' needs a backbone. Add --backbone, such as smollm2-135m-instruct.")
    if selected is not None and plugin.card.needs:
        selected.require(plugin.card.needs)
    if selected is not None and not plugin.card.needs:
        click.echo(f"Note: method '{plugin.name}' needs no backbone; --backbone is not used.", err=True)
    _check_target(target)
    with _opened(source, "r") as stream:
        requests = read_requests(stream, "standard input" if source == "-" else source)
    with _standard_output_for_answers() as answers:
        backbone = None
        if plugin.card.needs and selected is not None:
            folder = prepared(selected, accept_terms)
            backbone = _loaded(selected, folder, plugin.card.needs, threads, dtype)
        method = plugin.method_class(values, backbone)
        method.ready()
        with nullcontext(answers) if target == "-" else _opened(target, "w") as stream:
            failures = _answer_all(method, backbone, requests, stream)
    if failures:
        raise UserError(failures)


@contextmanager
def _standard_output_for_answers() -> Iterator[Any]:
    """Gives standard output; whatever libraries and methods print meanwhile goes to standard error."""
    with redirect_stdout(sys.stderr), os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        # Also what is printed by other languages and by child processes.
        os.dup2(2, 1)
        try:
            yield answers
        finally:
            answers.flush()
            os.dup2(answers.fileno(), 1)


def _loaded(selected: Any, folder: Path, needs: Any, threads: int, dtype: Any) -> Any:
    import torch

    from benchmark.backbones.loader import load

    torch.set_num_threads(threads)
    return load(selected, folder, needs=needs, dtype=dtype)


def _answer_all(method: Any, backbone: Any, requests: Any, stream: IO[str]) -> list[str]:
    """Write one line a request as it is finished; the problems of those that failed."""
    from benchmark.backbones.meter import Cost
    from benchmark.harness.scoring import score_query
    from benchmark.requests import answer, failed_answer

    failures = []
    for request in requests:
        outcome = score_query(
            method,
            request.query,
            request.as_candidates(),
            (lambda: backbone.meter.total) if backbone else Cost,
            backbone.synchronise if backbone else lambda: None,
        )
        if outcome.failure is not None:
            failures.append(f"query '{request.qid}': {outcome.failure.message}.")
            line = failed_answer(request, outcome.failure.type, outcome.failure.message)
        else:
            line = answer(request, outcome.scores or (), _costs(outcome.seconds, outcome.cost))
        stream.write(line + "\n")
        stream.flush()
    return failures


def _costs(seconds: float, cost: Any) -> dict[str, Any]:
    """What an answer says of its costs."""
    costs = {
        "seconds": round(seconds, 6),
        "phases": {phase: round(spent, 6) for phase, spent in cost.seconds.items()},
        "prompt_tokens": cost.prompt_tokens,
        "completion_tokens": cost.completion_tokens,
        "forward_passes": cost.forward_passes,
    }
    if cost.dollars:
        costs["dollars"] = round(cost.dollars, 9)
    if cost.answers:
        costs |= {"answers": cost.answers, "malformed": cost.malformed, "faults": dict(cost.faults)}
    return costs


def _check_target(name: str) -> None:
    """Find out before the work, not after it, that there is nowhere to write to."""
    path = Path(name)
    if name != "-" and path.is_dir():
        raise UserError(f"{name}: is a folder. Name a file.")
    if name != "-" and not path.parent.is_dir():
        raise UserError(f"{name}: no such folder to write into.")


def _opened(name: str, mode: str) -> Any:
    try:
        return click.open_file(name, mode, encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{name}: no such file.") from None
