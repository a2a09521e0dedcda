"""Random models of many architectures, small enough to compare with the eager implementation."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AutoModel, AutoModelForCausalLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from benchmark.backbones.attention import interface

SIZE: dict[str, Any] = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "llama": {},
    "mistral": {"sliding_window": 16},
    "qwen2": {},
    "qwen3": {},
    "gemma2": {"sliding_window": 16, "attn_logit_softcapping": 2.0, "query_pre_attn_scalar": 8},
    "gemma3_text": {"sliding_window": 16, "query_pre_attn_scalar": 8},
    "phi3": {"partial_rotary_factor": 0.5},
    "granite": {"attention_multiplier": 0.2},
    "olmo2": {},
    "smollm3": {"no_rope_layers": [1, 0, 1, 1]},
    "gpt_oss": {"num_local_experts": 2, "num_experts_per_tok": 1, "sliding_window": 16},
}
"""transformers' model type, and what makes it worth testing."""


def build(kind: str, implementation: str = interface.NAME, seed: int = 0, *, head: bool = False, **changes: Any) -> Any:
    """A random float32 model, with or without its output head; the same weights for every implementation."""
    interface.register()
    config = CONFIG_MAPPING[kind](**{**SIZE, **ARCHITECTURES[kind], **changes})
    torch.manual_seed(seed)
    model = (AutoModelForCausalLM if head else AutoModel).from_config(
        config, attn_implementation=implementation, dtype=torch.float32
    )
    for parameter in model.parameters():
        # Larger than the usual initialisation: attention that is far from uniform.
        torch.nn.init.normal_(parameter, std=0.4) if parameter.dim() > 1 else torch.nn.init.normal_(parameter, 1, 0.2)
    return model.eval()
