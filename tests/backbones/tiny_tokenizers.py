"""Small tokenizers trained in the test, one of each kind that LLMs use."""

from __future__ import annotations

from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, processors, trainers
from tokenizers import Tokenizer as RustTokenizer
from transformers import PreTrainedTokenizerFast

from benchmark.backbones.prompt import Tokenizer

WORDS = "the quick brown fox jumps over a lazy dog while naïve café owners, in 1999, counted 12 µg of salt. "
TEXT = WORDS * 40 + "\n\n[1] [2] Query: N/A paragraphs above \n\n"


def byte_level(bos: bool) -> Tokenizer:
    rust = RustTokenizer(models.BPE())
    rust.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    rust.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    rust.train_from_iterator([TEXT], trainer)
    return wrapped(rust, bos)


def metaspace(bos: bool) -> Tokenizer:
    """As SentencePiece models in transformers: a dummy space in front, byte fallback, no pre-tokenizer."""
    rust = RustTokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=["<unk>", "<s>", *(f"<0x{byte:02X}>" for byte in range(256))],
        show_progress=False,
    )
    rust.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=True)
    rust.train_from_iterator([TEXT], trainer)
    rust.pre_tokenizer = None
    rust.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(Regex(" "), "▁")])
    return wrapped(rust, bos)


def wrapped(rust: RustTokenizer, bos: bool) -> Tokenizer:
    if bos:
        rust.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", rust.token_to_id("<s>"))]
        )
    return Tokenizer(PreTrainedTokenizerFast(tokenizer_object=rust))
