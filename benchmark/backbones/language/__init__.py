"""What a language model says: how likely the next token is, how likely a text is, what it writes.

`LanguageModel` is what methods see; they get it as ``self.backbone.language``. `LocalLanguageModel` runs a loaded
transformers model: ``chat`` makes messages into tokens, ``states`` runs the decoder over many prompts with a common
beginning computed once, ``head`` makes hidden states into logits, ``decode`` writes token by token. ``endpoint`` asks a
server, ``vllm_offline`` lets vLLM run the weights; ``tokenised`` is what those share that have the tokenizer.
"""

from benchmark.backbones.language.interface import (
    Answer,
    Capability,
    Constraint,
    Encoded,
    Generation,
    LanguageModel,
    Message,
    Prompt,
    Stop,
)

__all__ = [
    "Answer",
    "Capability",
    "Constraint",
    "Encoded",
    "Generation",
    "LanguageModel",
    "Message",
    "Prompt",
    "Stop",
]
