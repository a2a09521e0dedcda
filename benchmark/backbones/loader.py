"""Load a prepared backbone into memory."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)
from transformers.utils import logging as transformers_logging

from benchmark.backbones import language_only
from benchmark.backbones.allocator import keep_freed_memory
from benchmark.backbones.attention import interface
from benchmark.backbones.backbone import Backbone
from benchmark.backbones.catalogue import SPOKEN, Selected
from benchmark.backbones.kernels import Kernel, available_kernel
from benchmark.backbones.pairs import positions
from benchmark.backbones.prompt import Tokenizer
from benchmark.backbones.sources import whereabouts
from benchmark.backbones.spec import Chat, DType, EndpointSource, VllmSource
from benchmark.errors import UserError

_SENTINEL = "\u2047sentinel\u2047"


PAIRS = "pairs"
"""The need for which a sequence classifier is loaded."""


def load(
    selected: Selected,
    folder: Path | None,
    *,
    needs: Collection[str] = (),
    dtype: DType | None = None,
    device: str | None = None,
    kernel: Kernel | None = None,
    revision: str | None = None,
) -> Backbone:
    """Load model and tokenizer from ``folder`` (see `sources.prepare`).

    Args:
        selected: the backbone the folder belongs to.
        folder: config, tokenizer and safetensors; None for a served model without a tokenizer here.
        needs: what the method takes from the backbone, as in its card; the output head is left out unless it is
            needed. A head that is tied to the input embeddings takes no memory of its own.
        dtype: of the weights; default: the catalogue's.
        device: ``cpu``, ``cuda``, ``cuda:1``, or ``auto`` to spread the layers over all GPUs; default: the first
            GPU if there is one, else the CPU.
        kernel: what computes the attention of a document prefix; default: the fastest there is.
        revision: of the weights, where it is known already; default: found out, for which a local folder is read.

    Raises:
        UserError: the folder does not hold a model that transformers can load; the method needs another kind; or the
            backbone is served or run by vLLM, and more is needed of it than language.
    """
    selected.require(needs or {"attention"})
    check_use(selected, needs, dtype)
    if isinstance(selected.source, EndpointSource):
        return language_only.endpoint(selected, selected.source, folder)
    number_format = dtype or selected.spec.dtype
    assert folder is not None
    assert number_format is not None
    if isinstance(selected.source, VllmSource):
        found = revision or whereabouts(selected, folder)[1]
        return language_only.vllm(selected, selected.source, folder, number_format, found)
    device = device or default_device()
    if device == "cpu":
        keep_freed_memory()
    transformers_logging.disable_progress_bar()
    logging.getLogger("transformers").setLevel(logging.ERROR)
    try:
        config = AutoConfig.from_pretrained(folder)
        fast = AutoTokenizer.from_pretrained(folder)
        auto, extra = _architecture(config, needs)
        model, report = auto.from_pretrained(
            folder,
            dtype=getattr(torch, number_format),
            device_map=device,
            output_loading_info=True,
            use_safetensors=True,  # never a pickle, whatever else lies there
            **extra,
        )
    except Exception as error:
        # What is wrong with a folder comes as anything: OSError, SafetensorError, a bare Exception.
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(f"Backbone '{selected.name}' in {folder} cannot be loaded: {first}") from error
    missing = sorted(report["missing_keys"])
    if missing:
        # transformers would go on with random numbers in their place.
        raise UserError(
            f"Backbone '{selected.name}' in {folder} is not complete: {len(missing)} weights are missing, such as "
            f"{', '.join(missing[:3])}."
            + (" The method needs a cross-encoder, such as ms-marco-minilm-l6-v2." if PAIRS in needs else "")
        )
    model.eval()
    tensors = [*model.parameters(), *model.buffers()]
    for tensor in tensors:
        # Weights are memory-mapped: read every page now, so that they count as weights and not as a query's work.
        tensor.view(-1)[::1024].sum()
    if selected.spec.chat_template is not None:
        fast.chat_template = selected.spec.chat_template
    return Backbone(
        name=selected.name,
        model=model,
        tokenizer=Tokenizer(fast),
        chat=selected.spec.chat or chat_from_template(fast),
        context_length=selected.spec.context_length or _context_length(config, model, fast),
        weight_bytes=sum(tensor.nbytes for tensor in tensors),
        kernel=kernel or (available_kernel(number_format) if device != "cpu" else "sdpa"),
        revision=revision or whereabouts(selected, folder)[1],
    )


def _architecture(config: Any, needs: Collection[str]) -> tuple[Any, dict[str, Any]]:
    """The class that loads what is needed, and what else it is told."""
    if PAIRS in needs:
        return AutoModelForSequenceClassification, {}
    if config.is_encoder_decoder and SPOKEN & set(needs):
        return AutoModelForSeq2SeqLM, {}
    auto = AutoModelForCausalLM if SPOKEN & set(needs) else AutoModel
    return auto, {"attn_implementation": interface.register()}


def _context_length(config: Any, model: Any, fast: Any) -> int:
    """By the positions the model has learnt, its config, or else its tokenizer."""
    learnt = positions(model)
    if learnt is not None:
        return learnt
    stated = getattr(config.get_text_config(), "max_position_embeddings", None)
    return int(stated or fast.model_max_length)


def check_use(selected: Selected, needs: Collection[str], dtype: str | None) -> None:
    """UserError where a backbone cannot serve these needs, or a number format is asked of one that is only served."""
    refusal = selected.refusal(needs)
    if refusal is not None:
        raise UserError(refusal[0].upper() + refusal[1:])
    if isinstance(selected.source, EndpointSource) and dtype is not None:
        raise UserError(f"Backbone '{selected.name}': its server chose the number format; leave --dtype out.")


def default_device() -> str:
    """The device a backbone is loaded on unless another is asked for."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def chat_from_template(fast: Any) -> Chat:
    """Markers of one user turn, read off the tokenizer's chat template; empty ones for a base model without any.

    The template's own system turn, where it adds one, stays in the prefix. A leading BOS that the tokenizer adds by
    itself is removed, so that it does not stand there twice.
    """
    if not fast.chat_template:
        return Chat(prefix="", suffix="", separator="\n\n")
    text = fast.apply_chat_template(
        [{"role": "user", "content": _SENTINEL}], tokenize=False, add_generation_prompt=True
    )
    prefix, _, suffix = text.partition(_SENTINEL)
    bos = fast.bos_token
    if bos and prefix.startswith(bos) and fast("").input_ids[:1] == [fast.bos_token_id]:
        prefix = prefix.removeprefix(bos)
    return Chat(prefix=prefix, suffix=suffix, separator="\n\n")
