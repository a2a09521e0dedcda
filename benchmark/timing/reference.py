"""What a method gave the model, and the bare forward pass over the same tokens: the row's measure without hardware."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.backbones.backbone import Backbone

ATTENTION, PAIRS = "attention", "pairs"
"""Needs that say how the model is run."""

ALIKE = 0.75
"""Length, as a part of the longest one's, from which a sequence shares its batch: padding is work of nobody's."""


class Reference:
    """Notes a query's tokens while a method runs, and then runs the model over them, and nothing else.

    A prompt is one sequence, whole, however much of it the method shared with other prompts or took from a cache;
    prefix and branches of a read attention are one prompt. Generated tokens are no part of it. Sequences are put into
    batches as methods do, but for those that would be padding for the most part. Of a decoder no logits are computed.

    Args:
        backbone: whose weights are held in this process (`possible`); needs: of the method, as in its card.
    """

    def __init__(self, backbone: Backbone, needs: Collection[str]) -> None:
        self._backbone = backbone
        self._reads = ATTENTION in needs
        self._masked = PAIRS in needs
        # Both are Backbone's own: its files are part of every result's identity, and this changes no score.
        self._model: Any = vars(backbone)["_model"]
        self._given: list[Any] = []

    @staticmethod
    def possible(backbone: Backbone | None) -> bool:
        """Whether there is a model in this process to run."""
        return backbone is not None and "_model" in vars(backbone)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Take down what the model is given within the block; what was given before is forgotten."""
        self._given = []
        meter = vars(self._backbone.meter)
        prompted = self._backbone.meter.prompted
        within = False

        def note(given: Sequence[int] | str) -> None:
            if not within:
                self._given.append(given)
            prompted(given)

        meter["prompted"] = note
        reader = self._backbone.attention if self._reads else None
        try:
            if reader is not None:
                read_batch = reader.read_batch

                def read(prompts: Sequence[Any], *rest: Any, **options: Any) -> Any:
                    nonlocal within
                    self._given += prompts
                    within = True
                    try:
                        return read_batch(prompts, *rest, **options)
                    finally:
                        within = False

                vars(reader)["read_batch"] = read
            yield
        finally:
            del meter["prompted"]
            if reader is not None:
                vars(reader).pop("read_batch", None)

    @property
    def sequences(self) -> list[list[int]]:
        """Token ids noted, prompt by prompt; of an encoder with a decoder what goes into each, in turn."""
        return [_whole(given) for given in self._given]

    def run(self) -> None:
        """The bare forward pass over `sequences`; the device may still be at work when it returns."""
        import torch

        from benchmark.backbones.attention.interface import Pass
        from benchmark.backbones.language.states import NO_LAST_LAYER
        from benchmark.backbones.packing import batches, padded

        sequences = self.sequences
        answers: list[list[int]] = []
        if self._model.config.is_encoder_decoder:
            sequences, answers = sequences[::2], sequences[1::2]
        kernel: Any = vars(self._backbone.attention)["_kernel"] if self._reads else "sdpa"
        lengths = [len(ids) for ids in sequences]
        for batch in batches(lengths, ALIKE):
            width = max(lengths[number] for number in batch)
            inputs: dict[str, Any] = {"input_ids": [padded(sequences[number], width) for number in batch]}
            if self._masked or answers:
                # Others are causal: what stands before padding does not see it.
                inputs["attention_mask"] = [padded([1] * lengths[number], width) for number in batch]
            if answers:
                depth = max(len(answers[number]) for number in batch)
                inputs["decoder_input_ids"] = [padded(answers[number], depth) for number in batch]
            tensors = {name: torch.tensor(rows, device=self._model.device) for name, rows in inputs.items()}
            with torch.inference_mode(), Pass(NO_LAST_LAYER, kernel=kernel).running():
                self._model(**tensors, **({} if self._masked else {"use_cache": False}))


def _whole(given: Any) -> list[int]:
    if hasattr(given, "branches"):
        return [*given.prefix, *(token for branch in given.branches for token in branch.ids)]
    return list(given)
