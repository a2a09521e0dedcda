"""A random Llama of a few thousand weights in a folder, loadable like any local backbone."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from tests.backbones import tiny_models

CONTEXT = 2048
"""Tokens; with one token a byte, about as many characters."""


def save(folder: Path, **changes: object) -> Path:
    """Write config, tokenizer and safetensors; ``changes`` go to the model's config."""
    model = tiny_models.build(
        "llama",
        implementation="sdpa",
        vocab_size=257,
        num_hidden_layers=2,
        max_position_embeddings=CONTEXT,
        **changes,
    )
    model.save_pretrained(folder)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    rust = Tokenizer(models.BPE(vocab={piece: number for number, piece in enumerate([*alphabet, "<s>"])}, merges=[]))
    rust.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    rust.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=rust).save_pretrained(folder)
    return folder
