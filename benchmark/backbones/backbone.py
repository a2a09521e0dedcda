"""What a method may ask of a loaded LLM."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch

from benchmark.backbones.attention.reader import AttentionReader
from benchmark.backbones.embeddings import Embedder
from benchmark.backbones.kernels import Kernel
from benchmark.backbones.language import LanguageModel
from benchmark.backbones.language.encoder_decoder import EncoderDecoderLanguageModel
from benchmark.backbones.language.local import LocalLanguageModel
from benchmark.backbones.meter import Meter
from benchmark.backbones.pairs import PairScorer
from benchmark.backbones.prompt import Tokenizer
from benchmark.backbones.spec import Chat


class Backbone:
    """A loaded model with its tokenizer.

    Args:
        name: catalogue name; an artefact fitted on one backbone is refused by another.
        model: the transformers decoder; or the causal language model, which is the decoder with its output head; or a
            sequence classifier, or an encoder with a decoder.
        tokenizer: its tokenizer, as text to tokens with character ranges.
        chat: markers around a user turn.
        context_length: most tokens of one prompt.
        weight_bytes: size of the parameters and buffers in memory.
        kernel: what computes the attention of a document prefix.
        revision: hub commit, or sha256 of the weights.
    """

    def __init__(
        self,
        name: str,
        model: Any,
        tokenizer: Tokenizer,
        chat: Chat,
        context_length: int,
        weight_bytes: int,
        kernel: Kernel = "sdpa",
        revision: str = "",
    ) -> None:
        self.name = name
        self.revision = revision
        self.tokenizer = tokenizer
        self.chat = chat
        self.context_length = context_length
        self.weight_bytes: int | None = weight_bytes
        self.meter = Meter(self.synchronise)
        tokenizer.timed = lambda: self.meter.phase("tokenise")
        self._whole = model
        bare = model.get_output_embeddings() is None or model.config.is_encoder_decoder
        self._model = model if bare else model.get_decoder()
        self._kernel = kernel

    @property
    def device(self) -> str:
        """Type of the device the model's input goes to: ``cpu``, ``cuda``, ..."""
        return str(self._model.device.type)

    @property
    def dtype(self) -> str:
        """Number format of the weights: ``float32``, ``bfloat16``, ..."""
        return str(self._model.dtype).removeprefix("torch.")

    @property
    def parameters(self) -> int:
        """Number of weights, of the decoder alone where there is an output head."""
        return sum(parameter.numel() for parameter in self._model.parameters())

    def synchronise(self) -> None:
        """Wait until the device has done what it was given."""
        if self.device == "cuda":
            torch.cuda.synchronize()

    @cached_property
    def attention(self) -> AttentionReader:
        """Attention of chosen rows, heads and layers."""
        return AttentionReader(self._model, self.meter, self.context_length, self._kernel)

    @cached_property
    def embeddings(self) -> Embedder:
        """Texts as points, by the hidden state of their last token."""
        return Embedder(self.name, self._model, self.tokenizer, self.meter, self.context_length)

    @cached_property
    def pairs(self) -> PairScorer:
        """Scores of query and passage together.

        Raises:
            RuntimeError: the model was loaded as a language model; the method's card must list ``pairs`` in ``needs``.
            UserError: it is no cross-encoder.
        """
        if not hasattr(self._whole.config, "num_labels") or self._whole.get_output_embeddings() is not None:
            raise RuntimeError(
                f"Backbone '{self.name}' was loaded as a language model: the method's card must list pairs in needs."
            )
        return PairScorer(self.name, self._whole, self.tokenizer.fast, self.meter, self.context_length)

    @cached_property
    def language(self) -> LanguageModel:
        """Next-token probabilities, likelihoods and generation.

        Raises:
            RuntimeError: the model was loaded without its output head; the method's card must list ``logits`` or
                ``generation`` in ``needs``.
        """
        if self._whole.get_output_embeddings() is None:
            raise RuntimeError(
                f"Backbone '{self.name}' was loaded without its output head: the method's card must list logits or "
                "generation in needs."
            )
        if self._whole.config.is_encoder_decoder:
            return EncoderDecoderLanguageModel(self.name, self._whole, self.tokenizer, self.meter, self.context_length)
        return LocalLanguageModel(self.name, self._whole, self.tokenizer, self.meter, self.context_length)
