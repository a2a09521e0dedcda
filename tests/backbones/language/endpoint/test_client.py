"""What is tried again, what is not, and what is said: with a server that misbehaves."""

from __future__ import annotations

import socket
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any

import pytest

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import Encoded, Message, Prompt
from benchmark.backbones.language.endpoint import client
from benchmark.errors import QueryError, Unavailable, UserError
from tests.support import stub_server as on
from tests.support.endpoints import load_endpoint
from tests.support.stub_server import Stub

pytestmark = pytest.mark.timeout(30)

KEY = "sk-Open'Sesame-123"
"""With a quotation mark, which stands otherwise in a message that repeats the answer."""
ASKED = Encoded(Prompt((Message("user", "Which?"),)))


@pytest.fixture
def made(tmp_path: Path, stub: Stub) -> Callable[..., Backbone]:
    return lambda **changes: load_endpoint(tmp_path, stub.url, **changes)


def written(backbone: Backbone, count: int = 1) -> list[str]:
    return [found.text for found in backbone.language.generate([ASKED] * count, 20)]


def failure(backbone: Backbone) -> Exception:
    with pytest.raises((QueryError, UserError)) as caught:
        written(backbone)
    assert caught.value.__context__ is None or caught.value.__suppress_context__, "the key may stand in it"
    return caught.value


@pytest.mark.parametrize(
    "turn",
    [
        on.refuse(429),
        on.refuse(429, retry_after="0"),
        on.refuse(500),
        on.refuse(503),
        on.cut(),
        on.body("<html>wait</html>", "text/html"),
        on.body('{"choices": [', "application/json"),
        on.body({"choices": []}),
        on.body({"choices": [{"finish_reason": "stop"}], "usage": {}}),
    ],
    ids=["429", "429 at once", "500", "503", "cut", "html", "torn JSON", "empty", "no message"],
)
def test_what_may_pass_is_tried_again(stub: Stub, made: Callable[..., Backbone], turn: on.Turn) -> None:
    stub.turns = [turn, on.answer("[2]")]
    assert written(made()) == ["[2]"]
    assert len(stub.asked) == 2
    assert stub.asked[0] == stub.asked[1]


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_waited_for(stub: Stub, made: Callable[..., Backbone], as_date: bool) -> None:
    started = time()
    asked = formatdate(started + 2, usegmt=True) if as_date else "0.2"
    stub.turns = [on.refuse(429, retry_after=asked)]
    written(made())
    first, second = stub.times
    assert second - first >= (0.2 if not as_date else int(started + 2) - time() - 0.1)


def test_a_server_that_asks_to_wait_too_long_ends_the_run(stub: Stub, made: Callable[..., Backbone]) -> None:
    stub.turns = [on.refuse(429, "come back tomorrow", retry_after="86400")]
    error = failure(made())
    assert isinstance(error, Unavailable)
    assert "the quota is used up" in str(error)
    assert "come back tomorrow" in str(error)
    assert len(stub.asked) == 1


def test_waits_double_and_are_never_equal(monkeypatch: pytest.MonkeyPatch, made: Callable[..., Backbone]) -> None:
    monkeypatch.setattr(client, "BACKOFF", 0.5)
    asker = made(attempts=9).language._client  # type: ignore[attr-defined]
    waits = [asker._wait(TimeoutError(), attempt) for attempt in range(1, 10)]
    for wait, longest in zip(waits, [0.5, 1, 2, 4, 8, 16, 30, 30], strict=False):
        assert longest / 2 <= wait <= longest
    assert waits[8] is None
    assert len({asker._wait(TimeoutError(), 1) for _ in range(5)}) > 1


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (400, QueryError, "the server refuses the request, 400: "),
        (422, QueryError, "the server refuses the request, 422: "),
        (401, Unavailable, "it wants a key: set key_env"),
        (403, Unavailable, "it wants a key: set key_env"),
        (
            404,
            Unavailable,
            "model 'tiny' is not served there, or base_url lacks its path, such as /v1. Served: llama-tiny",
        ),
    ],
)
def test_what_cannot_pass_is_said_at_once(
    stub: Stub, made: Callable[..., Backbone], status: int, kind: type, words: str
) -> None:
    stub.turns = [on.refuse(status, "because of this")]
    error = failure(made())
    assert type(error) is kind
    assert str(error).startswith(f"Backbone 'served' ({stub.url}): ")
    assert words in str(error)
    assert "because of this" in str(error)
    assert len(stub.asked) == 1


@pytest.mark.parametrize(
    ("turn", "kind", "words"),
    [
        (on.refuse(429), Unavailable, "lower concurrency"),
        (on.refuse(503), Unavailable, "503 after 3 attempts"),
        (on.refuse(500), QueryError, "500 after 3 attempts"),
        (on.cut(), Unavailable, "cannot be reached after 3 attempts"),
        (on.body("<html>", "text/html"), QueryError, "the answer cannot be read after 3 attempts"),
        (on.answer(finish="tool_calls"), QueryError, "a reason that is not known here: 'tool_calls'"),
        (on.answer(finish="content_filter"), QueryError, "content filter"),
    ],
    ids=["429", "503", "500", "cut", "html", "tool", "filter"],
)
def test_attempts_are_bounded(stub: Stub, made: Callable[..., Backbone], turn: on.Turn, kind: type, words: str) -> None:
    stub.turns = [turn] * 9
    error = failure(made())
    assert type(error) is kind
    assert words in str(error)
    assert len(stub.asked) == (1 if "reason" in words or "filter" in words else 3)


@pytest.mark.parametrize("turn", [on.later(5), on.trickle(5)], ids=["silent", "trickling"])
def test_an_answer_that_takes_too_long_is_given_up(stub: Stub, made: Callable[..., Backbone], turn: on.Turn) -> None:
    stub.turns = [turn] * 2
    started = monotonic()
    error = failure(made(timeout=0.2, attempts=2))
    assert monotonic() - started < 4
    assert isinstance(error, QueryError)
    assert "no answer within 0.2 seconds after 2 attempts: raise timeout" in str(error)


def test_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "BACKOFF", 0.001)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    error = failure(load_endpoint(tmp_path, url))
    assert isinstance(error, Unavailable)
    assert f"({url}): cannot be reached after 3 attempts" in str(error)
    assert "Is the server running" in str(error)


def test_requests_run_side_by_side_up_to_the_bound(stub: Stub, made: Callable[..., Backbone]) -> None:
    stub.turns = [on.later(0.1)] * 9
    assert written(made(concurrency=3), 9) == ["[1]"] * 9
    assert stub.most == 3


def test_answers_keep_the_order_of_the_prompts(stub: Stub, made: Callable[..., Backbone]) -> None:
    def repeat(handler: on.Handler) -> None:
        text = handler.body["messages"][0]["content"]
        sleep({"a": 0.2, "b": 0.1}.get(text, 0.0))
        handler.send(200, on.completion(text))

    stub.turns = [repeat] * 3
    prompts = [Encoded(Prompt((Message("user", text),))) for text in "abc"]
    assert [found.text for found in made().language.generate(prompts, 5)] == ["a", "b", "c"]


def test_one_failure_ends_the_call_and_the_next_goes_on(stub: Stub, made: Callable[..., Backbone]) -> None:
    backbone = made(concurrency=2)
    stub.turns = [on.refuse(400), on.later(0.2)]
    with pytest.raises(QueryError):
        written(backbone, 6)
    assert len(stub.asked) <= 3, "requests that had not begun are not sent"
    stub.turns = []
    assert written(backbone, 2) == ["[1]", "[1]"]


def test_tokens_requests_and_dollars_are_counted(stub: Stub, made: Callable[..., Backbone]) -> None:
    backbone = made(prices={"prompt": 2.0, "completion": 8.0})
    stub.turns = [on.refuse(500)]
    written(backbone, 3)
    cost = backbone.meter.total
    assert (cost.forward_passes, cost.prompt_tokens, cost.completion_tokens) == (3, 30, 12)
    assert cost.dollars == pytest.approx((30 * 2 + 12 * 8) / 1e6)
    assert set(cost.seconds) == {"decode"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_a_key_that_the_server_repeats_is_never_shown(
    stub: Stub, made: Callable[..., Backbone], monkeypatch: pytest.MonkeyPatch, status: int, caplog: Any
) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    caplog.set_level("DEBUG")
    stub.turns = [on.repeat_the_key(status)] * 3
    backbone = made(key_env="TEST_KEY")
    error = failure(backbone)
    assert stub.headers[0]["Authorization"] == f"Bearer {KEY}"
    for text in (str(error), repr(error), repr(backbone.language), repr(vars(backbone.language)), caplog.text):
        assert "Sesame" not in text
    assert "[key]" in str(error)
    if status in (401, 403):
        assert "the key in TEST_KEY is not accepted" in str(error)


def test_nothing_of_the_environment_is_sent_unasked(
    stub: Stub, made: Callable[..., Backbone], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "sesame")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    written(made())
    assert "sesame" not in "".join(map(str, stub.headers))


@pytest.mark.parametrize("value", ["sk-opensesame\nsk-other", "sk open", "schlüssel"])
def test_a_key_that_no_header_can_hold(
    made: Callable[..., Backbone], monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("TEST_KEY", value)
    with pytest.raises(UserError, match="TEST_KEY holds characters that no key has") as caught:
        made(key_env="TEST_KEY")
    assert value not in str(caught.value)


def test_nothing_to_ask(stub: Stub, made: Callable[..., Backbone]) -> None:
    assert written(made(), 0) == []
    assert stub.asked == []


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_key_that_is_not_there(made: Callable[..., Backbone], monkeypatch: pytest.MonkeyPatch, value: Any) -> None:
    monkeypatch.delenv("TEST_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("TEST_KEY", value)
    with pytest.raises(UserError, match="Backbone 'served': environment variable TEST_KEY is not set"):
        made(key_env="TEST_KEY")
