"""Stands in for the package vllm, which is not installed where these tests run: only the calls we make, with the names
and meanings of its documentation, computed by transformers."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


@dataclass
class SamplingParams:
    """The fields that are used; any other is an error."""

    temperature: float = 1.0
    seed: int | None = None
    max_tokens: int | None = 16
    stop: list[str] = field(default_factory=list)
    logprobs: int | None = None
    prompt_logprobs: int | None = None
    allowed_token_ids: list[int] | None = None


class LLM:
    """Loads the model of a folder.

    Attributes:
        arguments: it was made with; seen: parameters of each call of `generate`; emptied: how often its prompt cache
            was.
    """

    made: LLM

    def __init__(self, model: str, **arguments: Any) -> None:
        if arguments.get("quantization") == "unknown":
            raise ValueError("Unknown quantization method: unknown\nmore lines")
        self.arguments = {"model": model, **arguments}
        self.seen: list[SamplingParams] = []
        self.emptied = 0
        self._tokenizer = AutoTokenizer.from_pretrained(model)
        self._model = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
        length = arguments.get("max_model_len", self._model.config.max_position_embeddings)
        self.llm_engine = SimpleNamespace(model_config=SimpleNamespace(max_model_len=length))
        LLM.made = self

    def reset_prefix_cache(self) -> bool:
        self.emptied += 1
        return True

    def generate(self, prompts: list[dict[str, list[int]]], parameters: SamplingParams, use_tqdm: bool) -> list[Any]:
        assert use_tqdm is False
        assert parameters.temperature == 0.0
        self.seen.append(parameters)
        return [self._one(prompt["prompt_token_ids"], parameters) for prompt in prompts]

    def _one(self, prompt: list[int], parameters: SamplingParams) -> Any:
        ids, tops, finish, stopped = list(prompt), [], "length", None
        text = ""
        assert parameters.max_tokens is not None
        while len(ids) - len(prompt) < parameters.max_tokens:
            logits = self._logits(ids)[-1]
            if parameters.allowed_token_ids is not None:
                allowed = torch.full_like(logits, float("-inf"))
                allowed[parameters.allowed_token_ids] = logits[parameters.allowed_token_ids]
                logits = allowed
            if parameters.logprobs is not None:
                # In the mode "processed_logprobs": after the restriction.
                tops.append(self._told(torch.log_softmax(logits, -1), parameters.logprobs))
            ids.append(int(logits.argmax()))
            text = self._tokenizer.decode(ids[len(prompt) :], skip_special_tokens=True)
            stopped = next((string for string in parameters.stop if string in text), None)
            if stopped is not None:
                text, finish = text[: text.index(stopped)], "stop"
                break
        told = None
        if parameters.prompt_logprobs is not None:
            rows = torch.log_softmax(self._logits(prompt), -1)
            places = range(1, len(prompt))
            told = [None, *({prompt[place]: self._value(rows[place - 1, prompt[place]])} for place in places)]
        answer = SimpleNamespace(
            text=text, token_ids=ids[len(prompt) :], logprobs=tops or None, finish_reason=finish, stop_reason=stopped
        )
        return SimpleNamespace(prompt_token_ids=prompt, prompt_logprobs=told, outputs=[answer])

    @torch.inference_mode()
    def _logits(self, ids: list[int]) -> torch.Tensor:
        logits: torch.Tensor = self._model(torch.tensor([ids])).logits[0].float()
        return logits

    def _told(self, row: torch.Tensor, count: int) -> dict[int, Any]:
        best = row.topk(len(row) if count == -1 else count).indices.tolist()
        return {number: self._value(row[number]) for number in best}

    @staticmethod
    def _value(number: torch.Tensor) -> Any:
        return SimpleNamespace(logprob=float(number))


def module() -> ModuleType:
    """What ``import vllm`` gives."""
    made = ModuleType("vllm")
    made.LLM, made.SamplingParams = LLM, SamplingParams  # type: ignore[attr-defined]
    return made
