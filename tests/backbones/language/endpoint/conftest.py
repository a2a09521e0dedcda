"""A stub server, without waiting between attempts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmark.backbones.language.endpoint import client
from tests.support.stub_server import Stub, serving


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    monkeypatch.setattr(client, "BACKOFF", 0.001)
    with serving() as running:
        yield running
