"""A server that answers as it is told: refusals, delays, cut connections, nonsense."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Turn = Callable[["Handler"], None]
"""What is done with one request."""


class Stub:
    """What the server was asked, and what it does with the requests to come.

    Attributes:
        turns: one a request; `answer` once they are used up. asked: bodies; headers: of the requests.
        most: most requests that were under way at once.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.turns: list[Turn] = []
        self.asked: list[dict[str, Any]] = []
        self.headers: list[Message] = []
        self.times: list[float] = []
        self.most = 0
        self._under_way = 0
        self._lock = threading.Lock()

    def begin(self, body: dict[str, Any], headers: Message) -> Turn:
        with self._lock:
            self.asked.append(body)
            self.headers.append(headers)
            self.times.append(time.monotonic())
            self._under_way += 1
            self.most = max(self.most, self._under_way)
            return self.turns.pop(0) if self.turns else answer()

    def end(self) -> None:
        with self._lock:
            self._under_way -= 1


class Handler(BaseHTTPRequestHandler):
    stub: Stub
    body: dict[str, Any]
    """Of the request in hand."""

    def do_GET(self) -> None:
        self.send(200, {"object": "list", "data": [{"id": "llama-tiny"}, {"id": "qwen-tiny"}]})

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        turn = self.stub.begin(self.body, self.headers)
        try:
            turn(self)
        except (BrokenPipeError, ConnectionResetError):
            # The client gave up first, as some tests want it to.
            self.close_connection = True
        finally:
            self.stub.end()

    def send(self, status: int, value: Any, kind: str = "application/json", **headers: str) -> None:
        data = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


def completion(text: str = "[1]", finish: str | None = "stop", **choice: Any) -> dict[str, Any]:
    """A chat and text completion in one."""
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "tiny",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "text": text,
                "message": {"role": "assistant", "content": text},
                **choice,
            }
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14},
    }


def told(**values: float) -> dict[str, Any]:
    """Log-probabilities of the first token, as chat completions tell them."""
    top = [{"token": token, "logprob": value, "bytes": None} for token, value in values.items()]
    return {"content": [{**top[0], "top_logprobs": top}]}


def answer(text: str = "[1]", finish: str | None = "stop", **choice: Any) -> Turn:
    return lambda handler: handler.send(200, completion(text, finish, **choice))


def later(seconds: float) -> Turn:
    def turn(handler: Handler) -> None:
        time.sleep(seconds)
        handler.send(200, completion())

    return turn


def body(value: Any, kind: str = "application/json") -> Turn:
    return lambda handler: handler.send(200, value, kind)


def refuse(status: int, message: str = "no", **headers: str) -> Turn:
    return lambda handler: handler.send(status, {"error": {"message": message}}, **headers)


def repeat_the_key(status: int) -> Turn:
    return lambda handler: handler.send(status, {"error": {"message": f"bad: {handler.headers['Authorization']}"}})


def cut() -> Turn:
    def turn(handler: Handler) -> None:
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    return turn


def trickle(seconds: float) -> Turn:
    """One character of white space after the other, so that the connection is never silent."""

    def turn(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            handler.wfile.write(b" ")
            time.sleep(0.01)
        handler.close_connection = True

    return turn


@contextmanager
def serving() -> Iterator[Stub]:
    """A stub on a free port of loopback."""
    handler = type("Bound", (Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    stub = Stub(f"http://127.0.0.1:{server.server_port}/v1")
    handler.stub = stub
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
