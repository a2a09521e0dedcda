"""A server that speaks OpenAI's wire format for a model of transformers: ``python -m tests.support.language_server``.

It shares no code with the engines under test: `generate` of transformers writes, whole logits are computed. It takes
chat and text completions, prompts as token ids, echo, log-probabilities (as many as asked for), stop strings, and the
field ``continue_final_message`` of vLLM. Its first line on standard output is its port.

Arguments: folder of the model, the name it is served as, and the environment variable of a key it wants, if any.
"""

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

NUMBER_OF_THREADS = 1


class Model:
    """The model and what is asked of it."""

    def __init__(self, folder: str) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    def chat_ids(self, body: dict[str, Any]) -> list[int]:
        """Token ids of a conversation; an answer that is begun goes on behind the generation prompt."""
        turns = body["messages"]
        opening = turns.pop()["content"] if body.get("continue_final_message") else ""
        text = self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        ids: list[int] = self.tokenizer(text + opening, add_special_tokens=False).input_ids
        return ids

    def say(self, row: torch.Tensor) -> str:
        """The most likely token."""
        text: str = self.tokenizer.decode([int(row.argmax())])
        return text

    @torch.inference_mode()
    def write(self, ids: list[int], limit: int, stop: list[str]) -> tuple[str, str, int]:
        """Greedy answer, why it ended, tokens."""
        out = self.model.generate(torch.tensor([ids]), max_new_tokens=limit, do_sample=False)[0, len(ids) :].tolist()
        text = self.tokenizer.decode(out, skip_special_tokens=True)
        finish = "length" if len(out) >= limit and out[-1] != self.tokenizer.eos_token_id else "stop"
        places = [place for string in stop if (place := text.find(string)) >= 0]
        return (text[: min(places)], "stop", len(out)) if places else (text, finish, len(out))

    @torch.inference_mode()
    def log_probabilities(self, ids: list[int]) -> torch.Tensor:
        """``[tokens, vocabulary]``."""
        return torch.log_softmax(self.model(torch.tensor([ids])).logits[0].float(), -1)

    def most_likely(self, row: torch.Tensor, count: int) -> list[tuple[str, float]]:
        """Texts and log-probabilities."""
        values, numbers = row.topk(min(count, len(row)))
        texts = [self.tokenizer.decode([number]) for number in numbers.tolist()]
        return list(zip(texts, values.tolist(), strict=True))


class Handler(BaseHTTPRequestHandler):
    """One request; with log-probabilities a single token is written, which is all that is asked for here."""

    model: Model
    name: str
    key: str | None

    def do_GET(self) -> None:
        self._send(200, {"object": "list", "data": [{"id": self.name, "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        given = self.headers.get("Authorization", "")
        if self.key is not None and given != f"Bearer {self.key}":
            # As some servers do, it repeats the key it was given.
            self._send(401, {"error": {"message": f"Invalid key: {given.removeprefix('Bearer ')}"}})
        elif body["model"] != self.name:
            self._send(404, {"error": {"message": f"The model `{body['model']}` does not exist."}})
        elif self.path == "/v1/chat/completions":
            self._chat(body)
        elif self.path == "/v1/completions":
            self._complete(body)
        else:
            self._send(404, {"error": {"message": "no such path"}})

    def _chat(self, body: dict[str, Any]) -> None:
        ids = self.model.chat_ids(body)
        choice: dict[str, Any] = {"index": 0}
        if body.get("logprobs"):
            row = self.model.log_probabilities(ids)[-1]
            text, finish, tokens = self.model.say(row), "length", 1
            top = self.model.most_likely(row, body["top_logprobs"])
            listed = [{"token": token, "logprob": value, "bytes": None} for token, value in top]
            choice["logprobs"] = {"content": [{**listed[0], "top_logprobs": listed}]}
        else:
            text, finish, tokens = self.model.write(ids, body["max_tokens"], body.get("stop", []))
        choice |= {"finish_reason": finish, "message": {"role": "assistant", "content": text}}
        self._answer("chat.completion", choice, len(ids), tokens)

    def _complete(self, body: dict[str, Any]) -> None:
        ids = body["prompt"]
        choice: dict[str, Any] = {"index": 0}
        if body.get("logprobs") is None:
            text, finish, tokens = self.model.write(ids, body["max_tokens"], body.get("stop", []))
        else:
            rows = self.model.log_probabilities(ids)
            text, finish, tokens = self.model.say(rows[-1]), "length", 1
            if body.get("echo"):
                told = [rows[place - 1, ids[place]].item() for place in range(1, len(ids))]
                choice["logprobs"] = {"token_logprobs": [None, *told, rows[-1].max().item()], "top_logprobs": None}
            else:
                top = self.model.most_likely(rows[-1], body["logprobs"])
                choice["logprobs"] = {"token_logprobs": [top[0][1]], "top_logprobs": [dict(top)]}
        choice |= {"finish_reason": finish, "text": text}
        self._answer("text_completion", choice, len(ids), tokens)

    def _answer(self, kind: str, choice: dict[str, Any], prompt: int, completion: int) -> None:
        usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
        self._send(
            200, {"id": "1", "object": kind, "created": 0, "model": self.name, "choices": [choice], "usage": usage}
        )

    def _send(self, status: int, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def main() -> None:
    """Serve until killed."""
    folder, name, *key = sys.argv[1:]
    torch.set_num_threads(NUMBER_OF_THREADS)
    Handler.model, Handler.name = Model(folder), name
    Handler.key = os.environ[key[0]] if key else None
    server = HTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
