"""``rerankbench doctor``: what is installed, found and missing."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec

import click

EXTRAS = {"openai": "api", "vllm": "vllm", "ray": "ray", "submitit": "slurm", "pytest": "dev"}
"""Module of each optional extra."""

NEEDED = (
    "torch",
    "transformers",
    "gguf",
    "bm25s",
    "Stemmer",
    "ranx",
    "mteb",
    "ir_datasets",
    "pydantic",
    "jinja2",
)


@click.command()
@click.option(
    "--backbone", "served", default=None, metavar="FILE", help="Also ask the server that this YAML file describes."
)
def command(served: str | None) -> None:
    """Say what is installed, found and missing; exit status 1 if something needed is missing."""
    from benchmark.harness import provenance
    from benchmark.paths import cache_root

    missing = [name for name in NEEDED if find_spec(name) is None]
    click.echo(f"Python        {sys.version.split()[0]}")
    for name, version in provenance.versions().items():
        click.echo(f"{name:<13} {version}")
    click.echo(f"Processor     {provenance.processor()}, {provenance.usable_cores()} usable")
    click.echo(f"Memory        {_memory()}")
    click.echo(f"Accelerator   {_accelerator()}")
    cache = cache_root()
    click.echo(f"Cache         {cache} ({_size(cache)})")
    parent = next(folder for folder in (cache, *cache.parents) if folder.exists())
    click.echo(f"Disk free     {shutil.disk_usage(parent).free / 2**30:.1f} GiB")
    for line in _backbones():
        click.echo(line)
    for line in _endpoint(served) if served else []:
        click.echo(line)
    absent = [extra for module, extra in EXTRAS.items() if find_spec(module) is None]
    if absent:
        click.echo(f"Extras        not installed: {', '.join(absent)} (pip install 'rerankbench[NAME]')")
    if missing:
        click.echo(f"Missing       {', '.join(missing)}: reinstall rerankbench.")
        sys.exit(1)
    click.echo("Everything that is needed is installed.")


def _memory() -> str:
    import psutil

    memory = psutil.virtual_memory()
    return f"{memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GiB available"


def _accelerator() -> str:
    import torch

    if not torch.cuda.is_available():
        return "none (backbones run on the processor)"
    return ", ".join(torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count()))


def _backbones() -> list[str]:
    """A line for every backbone whose weights this project keeps itself."""
    from benchmark.backbones.catalogue import Selected, entries
    from benchmark.backbones.converted import MANIFEST
    from benchmark.backbones.sources import folder_of
    from benchmark.backbones.spec import WheelSource

    lines = []
    for name, spec in entries().items():
        if isinstance(spec.sources[0], WheelSource):
            ready = (folder_of(Selected(spec, spec.sources[0])) / MANIFEST).is_file()
            lines.append(f"Backbone      {name}: {'ready' if ready else 'fetched at its first use'}")
    return lines


def _endpoint(name: str) -> list[str]:
    """What a server gives of what its entry says, each asked with a few tokens; UserError where it does not answer."""
    from benchmark.backbones import catalogue, loader, sources
    from benchmark.backbones.spec import EndpointSource
    from benchmark.errors import UserError

    selected = catalogue.find(name)
    if not isinstance(selected.source, EndpointSource):
        raise UserError(f"Backbone '{selected.name}' is not behind an endpoint: there is no server to ask.")
    language = loader.load(selected, sources.prepare(selected), needs=["generation"]).language
    language.require("generate")
    lines = [f"Endpoint      {selected.name}: {selected.source.base_url} answers as {selected.source.model}"]
    for capability in sorted(language.capabilities - {"generate"}):
        try:
            language.require(capability)
            lines.append(f"Endpoint      {selected.name}: gives {capability}")
        except UserError as error:
            lines.append(f"Endpoint      {error}")
    return lines


def _size(folder: object) -> str:
    from pathlib import Path

    path = Path(str(folder))
    if not path.is_dir():
        return "empty"
    return f"{sum(item.stat().st_size for item in path.rglob('*') if item.is_file()) / 2**20:.0f} MiB"
