"""The language model that vLLM runs in this process, on a GPU."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from benchmark.backbones.language.finished import ended
from benchmark.backbones.language.interface import Answer, Constraint, Encoded, Generation, Over, Stop
from benchmark.backbones.language.probabilities import logsumexp
from benchmark.backbones.language.tokenised import Tokenised, ids_of
from benchmark.backbones.meter import Meter, Phase
from benchmark.backbones.prompt import Tokenizer
from benchmark.backbones.spec import DType
from benchmark.errors import QueryError, UserError

DETERMINISTIC: dict[str, Any] = {"seed": 0, "logprobs_mode": "processed_logprobs", "max_logprobs": -1}
"""Arguments of ``vllm.LLM``: log-probabilities are taken after the restriction to allowed tokens, so that they sum to
one over the answers, and as many as are asked for are told."""

ENVIRONMENT = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0"}
"""What vLLM's page on reproducibility asks for offline: requests are scheduled in the same order every time."""


class VllmLanguageModel(Tokenised):
    """A model run by ``vllm.LLM``. Prompts are token ids made here, so they are the local engine's to the token.

    Args:
        name: of the backbone; folder: its weights; tokenizer: its own; meter: counts passes, tokens and seconds.
        dtype: of the weights; context_length: most tokens of prompt and answer, None: the model's own.
        options: further arguments of ``vllm.LLM``.

    Raises:
        UserError: vLLM is not installed, or cannot load the model.
    """

    capabilities = frozenset({"tokens", "next_token", "vocabulary", "likelihood", "generate"})

    def __init__(
        self,
        name: str,
        folder: Path,
        tokenizer: Tokenizer,
        meter: Meter,
        dtype: DType,
        context_length: int | None,
        options: Mapping[str, Any],
    ) -> None:
        super().__init__(name, tokenizer, meter, context_length)
        os.environ.update(ENVIRONMENT)
        try:
            import vllm
        except ImportError as error:
            raise UserError(
                f"Backbone '{name}' is run by vLLM, which is not installed: pip install 'rerankbench[vllm]', on a "
                f"machine with a GPU ({error})."
            ) from None
        self._vllm = vllm
        length = {} if context_length is None else {"max_model_len": context_length}
        try:
            self._llm = vllm.LLM(model=str(folder), dtype=dtype, **length, **DETERMINISTIC, **options)
        except Exception as error:
            # What is wrong comes as anything, from a missing GPU to an unknown architecture.
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise UserError(f"Backbone '{name}' in {folder} cannot be loaded by vLLM: {first}") from error
        if context_length is None:
            self.context_length = int(self._llm.llm_engine.model_config.max_model_len)

    def next_token(
        self, prompts: Sequence[Encoded], answers: Sequence[Answer], over: Over = "answers"
    ) -> list[list[float]]:
        """See `LanguageModel.next_token`; over the whole vocabulary all its log-probabilities are handed over."""
        spellings = self._vocabulary.answers(answers)
        asked: dict[str, Any] = {"max_tokens": 1, "logprobs": -1}
        if over == "answers":
            allowed = [number for ids in spellings for number in ids]
            asked |= {"logprobs": len(allowed), "allowed_token_ids": allowed}
        outputs = self._run(prompts, "prefill", 1, **asked)
        found = []
        for output in outputs:
            told = output.outputs[0].logprobs[0]
            found.append([logsumexp([self._told(told, number) for number in ids]) for ids in spellings])
        return found

    def likelihood(self, prompts: Sequence[Encoded]) -> list[float]:
        """See `LanguageModel.likelihood`."""
        for prompt in prompts:
            self._check_continuation(prompt)
        outputs = self._run(prompts, "prefill", 1, max_tokens=1, prompt_logprobs=1)
        return [
            math.fsum(
                self._told(output.prompt_logprobs[place], ids_of(prompt)[place])
                for place in range(prompt.start, len(prompt))
            )
            for prompt, output in zip(prompts, outputs, strict=True)
        ]

    def generate(
        self,
        prompts: Sequence[Encoded],
        limit: int,
        *,
        stop: Stop | None = None,
        constraint: Constraint | None = None,
    ) -> list[Generation]:
        """See `LanguageModel.generate`."""
        if constraint is not None:
            raise UserError(f"Backbone '{self.name}' is run by vLLM here and cannot give: constraint.")
        outputs = self._run(prompts, "decode", limit, max_tokens=limit)
        return [_generation(output.outputs[0], stop) for output in outputs]

    def _run(self, prompts: Sequence[Encoded], phase: Phase, room: int, **asked: Any) -> list[Any]:
        for prompt in prompts:
            self._check_length(prompt, room)
            self._meter.prompted(ids_of(prompt))
        if not prompts:
            return []
        parameters = self._vllm.SamplingParams(temperature=0.0, seed=0, **asked)
        given = [{"prompt_token_ids": list(ids_of(prompt))} for prompt in prompts]
        with self._meter.phase(phase):
            outputs: list[Any] = self._llm.generate(given, parameters, use_tqdm=False)
        for output in outputs:
            self._meter.add(len(output.prompt_token_ids), len(output.outputs[0].token_ids))
        return outputs

    def _told(self, told: Mapping[int, Any] | None, number: int) -> float:
        if told is None or number not in told:
            raise QueryError(f"vLLM told no log-probability of token {number}, which was asked for")
        return float(told[number].logprob)


def _generation(answer: Any, stop: Stop | None) -> Generation:
    if answer.finish_reason not in ("stop", "length"):
        raise QueryError(f"vLLM ended the answer for a reason that is not known here: {answer.finish_reason!r}")
    reason: Literal["end", "limit"] = "end" if answer.finish_reason == "stop" else "limit"
    return ended(answer.text, len(answer.token_ids), reason, stop)
