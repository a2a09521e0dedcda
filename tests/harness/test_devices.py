"""What is asked of the driver, and of the environment first."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.harness import devices


@pytest.fixture
def no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(devices.VISIBLE, raising=False)


def with_driver(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize(
    ("setting", "found"), [("0, 3", ("0", "3")), ("GPU-a,MIG-b", ("GPU-a", "MIG-b")), ("", ())], ids=str
)
def test_the_setting_is_kept_to(setting: str, found: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.VISIBLE, setting)
    assert devices.accelerators() == found


def test_else_the_driver_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_setting: None) -> None:
    with_driver(tmp_path, monkeypatch, 'case "$1" in *uuid) echo GPU-a; echo GPU-b;; *) echo 580.1; echo 580.1;; esac')
    assert devices.accelerators() == ("GPU-a", "GPU-b")
    assert devices.driver() == "580.1"


@pytest.mark.parametrize("script", [None, "echo 'No devices were found' >&2; exit 6"])
def test_no_driver_or_no_device(
    script: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_setting: None
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if script:
        with_driver(tmp_path, monkeypatch, script)
    assert devices.accelerators() == ()
    assert devices.driver() is None
