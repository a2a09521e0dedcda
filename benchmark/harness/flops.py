"""Floating-point operations of what a model was asked to do, estimated from the shapes of what its layers were given.

Counted are the products of matrices, at two operations a multiplication and addition, of the layers that were run:

- linear layers: ``2 x tokens x inputs x outputs``, so two operations a used weight and token, padding included;
- attention: ``4 x tokens x keys x heads x head size`` (queries with keys, weights with values); every pair of positions
  counts, as torch's own counter has it. A causal kernel computes half of them;
- the output head: ``2 x rows x hidden size x logits``, for the rows and logits that were asked for.

What is left out is small beside them: norms, activations, softmax, rotary positions, reading attention rows, and what a
method itself computes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

    from benchmark.backbones.backbone import Backbone

OUTPUTS = ("o_proj", "o", "out_proj", "c_proj", "dense")
"""Names of the linear layer behind attention; what goes into it is as wide as all heads together."""

QUERIES = ("query", "q", "q_proj")
"""Of the one before it, for attention modules that end without one behind."""

PROBE = 16
"""Tokens of the forward pass with which counting is compared with torch's own."""

TOLERANCE = 0.02
"""Relative difference to torch's count beyond which an architecture counts as not known."""


class FlopMeter:
    """Running total of a model's operations while it is attached.

    Args:
        model: a transformers model; whatever is called in it is counted.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._undo: list[Callable[[], None]] = []
        self.total = 0

    def attach(self) -> None:
        """Begin to count."""
        for module in self._model.modules():
            if _is_linear(module):
                self._undo.append(module.register_forward_pre_hook(self._linear(module)).remove)
        for module in attentions(self._model):
            self._undo.append(module.register_forward_hook(self._attention(module), with_kwargs=True).remove)

    def attach_head(self, head: Any, vocabulary: int) -> None:
        """Count also the logits of a `benchmark.backbones.language.head.Head`, which multiplies without its layer."""
        asked = head.logits

        def logits(hidden: Tensor, ids: Tensor | None = None) -> Any:
            self.total += 2 * hidden.numel() * (vocabulary if ids is None else len(ids))
            return asked(hidden, ids)

        head.logits = logits
        self._undo.append(lambda: delattr(head, "logits"))

    def detach(self) -> None:
        """Leave the model as it was."""
        while self._undo:
            self._undo.pop()()

    def agrees(self) -> bool:
        """Whether what a small forward pass adds to an attached meter is what torch counts for it.

        Of experts whose weights are fused neither is known.
        """
        import torch
        from torch.nn.attention import SDPBackend, sdpa_kernel
        from torch.utils.flop_counter import FlopCounterMode

        if any(parameter.dim() == 3 for parameter in self._model.parameters()):
            return False
        ids = torch.arange(PROBE, device=self._model.device)[None]
        decoder = {"decoder_input_ids": ids[:, :1]} if self._model.config.is_encoder_decoder else {}
        before = self.total
        # Not all fused kernels are known to torch's counter; the plain way is made of products that are.
        with torch.inference_mode(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            self._model(input_ids=ids, use_cache=False, **decoder)
        counted = counter.get_total_flops()
        found, self.total = self.total - before, before
        return bool(abs(found - counted) <= TOLERANCE * counted)

    def _linear(self, module: nn.Module) -> Callable[..., None]:
        twice = 2 * _sizes(module)[1]

        def count(_: object, inputs: tuple[Any, ...]) -> None:
            # Called hundreds of times a pass: rows x inputs are the input's numbers.
            self.total += twice * inputs[0].numel()

        return count

    def _attention(self, module: nn.Module) -> Callable[..., None]:
        """Called after the module's forward pass; not at all where that was left before attention was computed."""
        # Layers are called with names by some architectures and without by others.
        names = list(inspect.signature(module.forward).parameters)
        heads = width(module)

        def count(module: Any, args: Sequence[Any], kwargs: Mapping[str, Any], _: object) -> None:
            given = {**dict(zip(names, args, strict=False)), **kwargs}
            hidden, other = given["hidden_states"], given.get("key_value_states")
            cache, keys = given.get("past_key_values"), hidden.shape[1]
            if other is not None:
                keys = other.shape[1]
            elif cache is not None:
                keys = cache.get_seq_length(module.layer_idx)
            self.total += 4 * hidden.shape[0] * hidden.shape[1] * keys * heads

        return count


@contextmanager
def counted(backbone: Backbone | None) -> Iterator[FlopMeter | None]:
    """Count what is asked of a backbone within the block.

    Yields:
        The meter; None where there is nothing to count: no backbone, one whose weights another engine holds, or an
        architecture whose operations are not those of linear layers and attention alone.
    """
    model = getattr(backbone, "_whole", None)
    if backbone is None or model is None:
        yield None
        return
    meter = FlopMeter(model)
    meter.attach()
    try:
        head = model.get_output_embeddings()
        if head is not None and not model.config.is_encoder_decoder:
            # Made before it is compared: making it runs the model.
            meter.attach_head(getattr(backbone.language, "_head"), len(head.weight))  # noqa: B009  read from outside
        yield meter if meter.agrees() else None
    finally:
        meter.detach()


def attentions(model: nn.Module) -> list[nn.Module]:
    """The modules that compute attention: those called so that hold no other one."""
    named = [module for module in model.modules() if type(module).__name__.endswith("Attention")]
    return [module for module in named if not any(part in named for part in list(module.modules())[1:])]


def width(attention: nn.Module) -> int:
    """Heads times head size of an attention module; 0 where its layers have no known names."""
    parts = dict(attention.named_children())
    for name in OUTPUTS:
        if name in parts and _is_linear(parts[name]):
            return _sizes(parts[name])[0]
    for name in QUERIES:
        if name in parts and _is_linear(parts[name]):
            return _sizes(parts[name])[1]
    return 0


def _is_linear(module: nn.Module) -> bool:
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    return isinstance(module, nn.Linear | Conv1D)


def _sizes(linear: Any) -> tuple[int, int]:
    """Inputs and outputs; transformers' Conv1D holds its weight the other way round."""
    outputs, inputs = linear.weight.shape
    return (inputs, outputs) if hasattr(linear, "in_features") else (outputs, inputs)
