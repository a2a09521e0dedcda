"""Backbones that can only be asked for language: behind an endpoint, or run by vLLM."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from benchmark.backbones.attention.reader import AttentionReader
from benchmark.backbones.backbone import Backbone
from benchmark.backbones.catalogue import Selected
from benchmark.backbones.language import LanguageModel
from benchmark.backbones.language.endpoint.chat import ChatEndpoint
from benchmark.backbones.language.endpoint.client import Client
from benchmark.backbones.language.endpoint.completions import CompletionsEndpoint
from benchmark.backbones.language.vllm_offline import VllmLanguageModel
from benchmark.backbones.meter import Meter
from benchmark.backbones.prompt import Tokenizer
from benchmark.backbones.spec import AS_SERVED, ELSEWHERE, DType, EndpointSource, VllmSource
from benchmark.errors import UserError


class LanguageBackbone(Backbone):
    """A language model whose weights are not held by transformers in this process.

    Args:
        name, revision: as in `Backbone`; device, dtype: of the weights.
        language: the model; meter: what it counts with.
    """

    weight_bytes = None

    def __init__(
        self, name: str, revision: str, device: str, dtype: str, language: LanguageModel, meter: Meter
    ) -> None:
        # Not Backbone's own: there is no model here, and no tokenizer that every engine would have.
        self.name = name
        self.revision = revision
        self.meter = meter
        self._device = device
        self._dtype = dtype
        self._language = language

    @property
    def device(self) -> str:
        """``cuda``, or `ELSEWHERE`."""
        return self._device

    @property
    def dtype(self) -> str:
        """Number format, or `AS_SERVED`."""
        return self._dtype

    def synchronise(self) -> None:
        """An engine hands out finished answers: there is nothing to wait for."""

    @cached_property
    def attention(self) -> AttentionReader:
        """UserError: attention is not told."""
        raise UserError(f"Backbone '{self.name}' tells no attention: its weights are run by another engine.")

    @cached_property
    def language(self) -> LanguageModel:
        """The model."""
        return self._language


def endpoint(selected: Selected, source: EndpointSource, folder: Path | None) -> LanguageBackbone:
    """A model behind a server; nothing is asked of it yet.

    Args:
        folder: of the tokenizer, for text completions.

    Raises:
        UserError: no key in the environment, the client is not installed, or the tokenizer cannot be loaded.
    """
    meter = Meter()
    client = Client(selected.name, source, meter)
    context = selected.spec.context_length
    language: LanguageModel
    if source.api == "chat":
        language = ChatEndpoint(selected.name, source, client, context)
    else:
        assert folder is not None
        tokenizer = load_tokenizer(selected, folder, meter)
        language = CompletionsEndpoint(selected.name, source, client, tokenizer, meter, context)
    return LanguageBackbone(selected.name, source.model, ELSEWHERE, AS_SERVED, language, meter)


def vllm(selected: Selected, source: VllmSource, folder: Path, dtype: DType, revision: str) -> LanguageBackbone:
    """Weights in ``folder`` run by vLLM; UserError where it is not installed or cannot load them."""
    meter = Meter()
    tokenizer = load_tokenizer(selected, folder, meter)
    language = VllmLanguageModel(
        selected.name, folder, tokenizer, meter, dtype, selected.spec.context_length, source.options
    )
    return LanguageBackbone(selected.name, revision, "cuda", dtype, language, meter)


def load_tokenizer(selected: Selected, folder: Path, meter: Meter) -> Tokenizer:
    """The tokenizer in a folder, with the entry's chat template where it has one."""
    from transformers import AutoTokenizer

    try:
        fast = AutoTokenizer.from_pretrained(folder)
    except Exception as error:
        # As with weights: what is wrong with a folder comes as anything.
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(f"Backbone '{selected.name}': no tokenizer can be loaded from {folder}: {first}") from error
    if selected.spec.chat_template is not None:
        fast.chat_template = selected.spec.chat_template
    tokenizer = Tokenizer(fast)
    tokenizer.timed = lambda: meter.phase("tokenise")
    return tokenizer
