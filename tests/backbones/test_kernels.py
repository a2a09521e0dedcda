"""flash-attn for the document prefix: the package is not at hand, so its public function is stood in for."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import pytest
import torch

from benchmark.backbones.attention.reader import AttentionReader
from benchmark.backbones.kernels import available_kernel
from benchmark.backbones.meter import Meter
from tests.backbones.test_attention import OTHER, PREFIX, QUERY, TOLERANCE, eager, read
from tests.backbones.tiny_models import ARCHITECTURES, build


class FakeFlash(ModuleType):
    """``flash_attn`` with the signature of its public function, computed plainly; counts its calls."""

    def __init__(self) -> None:
        super().__init__("flash_attn")
        self.__spec__ = ModuleSpec("flash_attn", None)
        self.calls = 0

    def flash_attn_func(
        self,
        q: torch.Tensor,
        k: torch.Tensor,
        v: torch.Tensor,
        *,
        softmax_scale: float | None,
        causal: bool,
        window_size: tuple[int, int],
        softcap: float,
    ) -> torch.Tensor:
        assert causal
        self.calls += 1
        repeats = q.shape[2] // k.shape[2]
        query, key, value = q.transpose(1, 2), k.repeat_interleave(repeats, 2), v.repeat_interleave(repeats, 2)
        scores = query @ key.permute(0, 2, 3, 1) * (q.shape[-1] ** -0.5 if softmax_scale is None else softmax_scale)
        if softcap:
            scores = torch.tanh(scores / softcap) * softcap
        row, column = torch.meshgrid(torch.arange(q.shape[1]), torch.arange(k.shape[1]), indexing="ij")
        visible = column <= row
        if window_size[0] >= 0:
            visible &= column >= row - window_size[0]
        return (scores.masked_fill(~visible, -torch.inf).softmax(-1) @ value.transpose(1, 2)).transpose(1, 2)


@pytest.fixture
def flash(monkeypatch: pytest.MonkeyPatch) -> FakeFlash:
    fake = FakeFlash()
    monkeypatch.setitem(sys.modules, "flash_attn", fake)
    return fake


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_the_prefix_by_flash_attention_gives_the_same_rows(flash: FakeFlash, kind: str) -> None:
    model: Any = build(kind)
    reader = AttentionReader(model, Meter(), 512, "flash_attention_2")
    found = read(reader, PREFIX, [QUERY, OTHER], reader.all_heads())
    expected = eager(build(kind, "eager"), PREFIX, QUERY)
    for layer in range(reader.layers):
        torch.testing.assert_close(found[layer][0], expected[layer], atol=TOLERANCE, rtol=0)
    # The deepest layer stops before its own attention; sinks are more than flash-attn's function knows.
    assert flash.calls == (0 if kind == "gpt_oss" else reader.layers - 1)


def test_it_is_chosen_where_it_can_run(flash: FakeFlash, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert available_kernel("bfloat16") == "flash_attention_2"
    assert available_kernel("float32") == "sdpa"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert available_kernel("bfloat16") == "sdpa"


def test_without_the_package_the_frameworks_own_is_taken() -> None:
    assert available_kernel("bfloat16") == "sdpa"
