"""Asking an OpenAI-compatible server: several requests at once, tried again when that may help, errors in words."""

from __future__ import annotations

import asyncio
import os
import random
import weakref
from collections.abc import Awaitable, Callable, Sequence
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

from benchmark.backbones.language.endpoint.wire import Reply, UnreadableError, read_chat, read_completion, readable
from benchmark.backbones.meter import Meter, Phase
from benchmark.backbones.spec import EndpointSource
from benchmark.errors import QueryError, Unavailable, UserError

BACKOFF = 0.5
"""Seconds before the second attempt; doubled for each further one, up to `LONGEST_BACKOFF`."""
LONGEST_BACKOFF = 30.0
LONGEST_ASKED = 300.0
"""Seconds that a server may ask to wait (Retry-After); more than that ends the run."""
SHOWN = 300
"""Characters of a server's error message that are repeated."""
GONE = {401, 402, 403, 404, 429, 502, 503, 504}
"""Statuses that say nothing of the query: the key, the model or the server is what is wrong."""
WORTH_ANOTHER_TRY = {408, 409, 429}


class Client:
    """A server, asked through the official client.

    The key is read from the environment once, is never shown, and is taken out of whatever the server says.

    Args:
        name: of the backbone, for messages; source: where and what to ask; meter: counts requests, tokens, dollars.

    Raises:
        UserError: the client is not installed, or there is no key in the environment.
    """

    def __init__(self, name: str, source: EndpointSource, meter: Meter) -> None:
        try:
            import openai
        except ImportError:
            raise UserError(f"Backbone '{name}' needs the package openai: pip install 'rerankbench[api]'.") from None
        self._errors = openai
        self._name = name
        self._source = source
        self._meter = meter
        self._key = _key(name, source)
        self._loop = asyncio.new_event_loop()
        # Retries are ours: the official client waits for no more than its own limit and has no limit of a whole answer.
        self._client = openai.AsyncOpenAI(
            base_url=source.base_url, api_key=self._key or "none", max_retries=0, timeout=source.timeout
        )
        # Read from OPENAI_ORG_ID and OPENAI_PROJECT_ID by the client; nobody else's server should be told.
        self._client.organization = self._client.project = None
        weakref.finalize(self, self._loop.close)

    def chat(self, bodies: Sequence[dict[str, Any]], phase: Phase) -> list[Reply]:
        """Chat completions of these requests, in order.

        Raises:
            QueryError: a request that the server refuses, cannot answer or does not answer in time.
            Unavailable: no request can be answered.
        """
        return self._ask(self._client.chat.completions.create, read_chat, bodies, phase)

    def complete(self, bodies: Sequence[dict[str, Any]], phase: Phase) -> list[Reply]:
        """As `chat`, text completions."""
        return self._ask(self._client.completions.create, read_completion, bodies, phase)

    def _ask(
        self,
        create: Callable[..., Awaitable[Any]],
        read: Callable[[Any], Reply],
        bodies: Sequence[dict[str, Any]],
        phase: Phase,
    ) -> list[Reply]:
        with self._meter.phase(phase):
            return self._loop.run_until_complete(self._all(create, read, bodies))

    async def _all(
        self, create: Callable[..., Awaitable[Any]], read: Callable[[Any], Reply], bodies: Sequence[dict[str, Any]]
    ) -> list[Reply]:
        places = asyncio.Semaphore(self._source.concurrency)

        async def one(body: dict[str, Any]) -> Reply:
            async with places:
                return await self._tried(create, read, body)

        tasks = [asyncio.ensure_future(one(body)) for body in bodies]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            # One failed: the others' answers would be thrown away.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _tried(
        self, create: Callable[..., Awaitable[Any]], read: Callable[[Any], Reply], body: dict[str, Any]
    ) -> Reply:
        attempt = 0
        while True:
            attempt += 1
            try:
                # The client's own limit is one of silence: an answer that trickles would never end.
                response = await asyncio.wait_for(create(model=self._source.model, **body), self._source.timeout)
                reply = readable(read, response)
            except QueryError:
                raise
            except Exception as error:  # noqa: BLE001  the client's, its transport's, JSON's: all are put in words
                wait = self._wait(error, attempt)
                if wait is None:
                    raise await self._explained(error, attempt) from None
                await asyncio.sleep(wait)
                continue
            self._count(reply)
            return reply

    def _count(self, reply: Reply) -> None:
        prices = self._source.prices
        dollars = 0.0
        if prices is not None:
            dollars = (reply.prompt_tokens * prices.prompt + reply.completion_tokens * prices.completion) / 1e6
        self._meter.add(reply.prompt_tokens, reply.completion_tokens, dollars=dollars)

    def _wait(self, error: Exception, attempt: int) -> float | None:
        """Seconds until the next attempt; None: there is none."""
        if attempt >= self._source.attempts:
            return None
        status = getattr(error, "status_code", None)
        if isinstance(error, self._errors.APIStatusError) and status is not None:
            if status < 500 and status not in WORTH_ANOTHER_TRY:
                return None
            asked = _retry_after(error.response.headers.get("retry-after"))
            if asked is not None:
                return asked if asked <= LONGEST_ASKED else None
        elif not isinstance(error, (self._errors.APIError, TimeoutError, UnreadableError, ValueError)):
            return None
        # Jitter, so that requests that failed together do not come back together.
        return float(min(LONGEST_BACKOFF, BACKOFF * 2 ** (attempt - 1)) * random.uniform(0.5, 1.0))

    async def _explained(self, error: Exception, attempts: int) -> Exception:
        """The error in words, without the key."""
        errors, source = self._errors, self._source
        where = f"Backbone '{self._name}' ({source.base_url})"
        tries = f" after {attempts} attempts" if attempts > 1 else ""
        if isinstance(error, (TimeoutError, errors.APITimeoutError)):
            return QueryError(
                f"{where}: no answer within {source.timeout:g} seconds{tries}: raise timeout in the backbone's entry, "
                "or shorten prompts"
            )
        if isinstance(error, errors.APIStatusError):
            return await self._refused(error, where, tries)
        if isinstance(error, errors.APIConnectionError):
            cause = self._scrubbed(str(error.__cause__ or error))
            return Unavailable(
                f"{where}: cannot be reached{tries} ({cause}). Is the server running, and base_url right? Run the "
                "command again to go on from here."
            )
        if isinstance(error, (UnreadableError, ValueError, errors.APIError)):
            return QueryError(f"{where}: the answer cannot be read{tries}: {self._scrubbed(str(error))}")
        return QueryError(f"{where}: {type(error).__name__}: {self._scrubbed(str(error))}")

    async def _refused(self, error: Any, where: str, tries: str) -> Exception:
        status, source = error.status_code, self._source
        said = f"{status}{tries}: {self._scrubbed(error.message)}"
        if status not in GONE:
            return QueryError(f"{where}: the server refuses the request, {said}")
        if status in (401, 403):
            key = f"the key in {source.key_env} is not accepted" if source.key_env else "it wants a key: set key_env"
            advice = f"{key}."
        elif status == 404:
            advice = (
                f"model '{source.model}' is not served there, or base_url lacks its path, such as /v1."
                f"{await self._served()}"
            )
        elif status == 429:
            advice = "too many requests, or the quota is used up: lower concurrency, or wait."
        else:
            advice = "see the server's log, and run the command again to go on from here."
        return Unavailable(f"{where}: {advice} The server says: {said}")

    async def _served(self) -> str:
        """The models there are, as a sentence; empty where the server does not tell."""
        try:
            models = await asyncio.wait_for(self._client.models.list(), self._source.timeout)
            names = sorted(model.id for model in models.data)
        except Exception:  # noqa: BLE001  a help in a message about another error; many servers have no such list
            return ""
        return f" Served: {self._scrubbed(', '.join(names[:10]))}." if names else ""

    def _scrubbed(self, text: str) -> str:
        text = " ".join(text.split())
        if self._key:
            for shape in (self._key, repr(self._key)[1:-1]):
                text = text.replace(shape, "[key]")
        return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def _key(name: str, source: EndpointSource) -> str | None:
    if source.key_env is None:
        return None
    key = os.environ.get(source.key_env, "").strip()
    if not key:
        raise UserError(f"Backbone '{name}': environment variable {source.key_env} is not set; it must hold the key.")
    if not key.isascii() or any(char.isspace() or not char.isprintable() for char in key):
        raise UserError(
            f"Backbone '{name}': environment variable {source.key_env} holds characters that no key has, such as a "
            "line break. Set it to the key alone."
        )
    return key


def _retry_after(header: str | None) -> float | None:
    """Seconds that the server asks to wait, given as a number or a date; None where it does not, or not readably."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time()
        except ValueError:
            return None
    return max(0.0, seconds)
