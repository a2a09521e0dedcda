"""A random cross-encoder, and tokenizers that put two texts together."""

from __future__ import annotations

from typing import Any

import torch
from tokenizers import processors
from transformers import AutoModelForSequenceClassification
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from benchmark.backbones.prompt import Tokenizer
from tests.backbones.tiny_models import SIZE
from tests.backbones.tiny_tokenizers import byte_level


def pair_tokenizer(pad: bool = True) -> Tokenizer:
    """Byte level, ``<s> query <s> passage <s>``, with token types."""
    made = byte_level(bos=False)
    first = made.fast.convert_tokens_to_ids("<s>")
    made.fast.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A <s>", pair="<s> $A <s> $B:1 <s>:1", special_tokens=[("<s>", first)]
    )
    made.fast.eos_token = "<s>"
    if pad:
        made.fast.pad_token = "<s>"
    return made


def build_classifier(kind: str = "bert", labels: int = 1, **changes: Any) -> Any:
    """A random float32 sequence classifier."""
    values = {**SIZE, "vocab_size": 500, "num_hidden_layers": 2, "num_labels": labels, "type_vocab_size": 2, **changes}
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_config(CONFIG_MAPPING[kind](**values), dtype=torch.float32)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.4) if parameter.dim() > 1 else torch.nn.init.normal_(parameter, 1, 0.2)
    return model.eval()
