"""Any server that speaks OpenAI's chat completions: vLLM, llama.cpp, `transformers serve`, hosted ones."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from anyio.from_thread import start_blocking_portal

from training.attempt import Attempt
from training.backends import Asked, Finish, Written
from training.backends.budget import MILLION, Budget
from training.backends.calling import Caller, Declined, OtherBound, Refused
from training.contract import (
    COMPLETION_BOUND,
    ENDPOINT_KEY_VARIABLE,
    OVER_BUDGET,
    PRIVATE_VARIABLE,
    EndpointSpec,
    GenerateOptions,
)
from training.errors import InputError
from training.ledger import Ledger
from training.rows import Row
from training.stopping import Stop

LOOK_EVERY = 0.25  # seconds between looks at whether to stop
LATE_SECONDS = 10.0  # that what was sent may take to be answered once nothing more is sent
FINISHES: dict[str, Finish] = {"stop": "stop", "length": "length", "content_filter": "refused"}
UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")


class ServerBackend:
    """The spec's endpoint. Its event loop has a thread of its own, so that a caller may have one as well.

    Raises:
        InputError: its address is none, or its key is not where the spec says.
    """

    def __init__(self, attempt: Attempt, options: GenerateOptions, rows: Sequence[Row]) -> None:
        self.rows = rows
        self._options = options
        self._endpoint = EndpointSpec.of(attempt.spec.endpoint)
        named = os.environ.get(PRIVATE_VARIABLE, "").split(",")
        private = [each.strip() for each in named if each.strip()]
        self._bound, self._environment = self._endpoint.bounds_by, attempt.environment
        self._caller = Caller(self._endpoint, key=_key(attempt), private=private)
        self._open = ExitStack()
        self._portal = self._open.enter_context(start_blocking_portal())
        self._open.callback(self._portal.call, self._caller.close)
        attempt.environment.update(endpoint=self._endpoint.url, endpoint_model=self._endpoint.model)

    def go_on_from(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._budget = Budget(
            ledger,
            requests=self._options.most_requests,
            cost=self._options.most_cost,
            prices=self._endpoint.prices,
            most_tokens=self._options.max_new_tokens,
        )

    def write(self, asked: Sequence[Asked], stop: Stop) -> Iterator[Written]:
        waiting, working = list(reversed(asked)), set[asyncio.Task[Written]]()
        try:
            while waiting or working:
                if stop.requested:
                    yield from self._late(working)
                stop.check()
                while waiting and len(working) < self._endpoint.at_once and self._fits(waiting[-1]):
                    working.add(self._portal.call(self._begun, waiting.pop()))
                if not working:
                    yield from (
                        Written(each, "", "refused", None, why=OVER_BUDGET)
                        for each in reversed(waiting)
                    )
                    return
                done, working = self._portal.call(_first_of, working)
                failed = [each for each in done if each.exception() is not None]
                yield from [each.result() for each in done if each not in failed]
                for each in failed:
                    yield from self._late(working)
                    each.result()
        finally:
            self._portal.call(_cancelled, working)

    def _late(self, working: set[asyncio.Task[Written]]) -> list[Written]:
        """What still comes of requests that were sent: it is paid for, whoever stopped or whatever failed."""
        late = self._portal.call(_ended_of, working)
        return [each.result() for each in late if each.exception() is None]

    def figures(self, answers: Iterable[Mapping[str, Any]]) -> dict[str, float]:
        """`cost` is of what the server counted; `answers_uncounted` says how many it did not."""
        answers = list(answers)
        counted = [each for each in answers if "read" in each and each["tokens"] is not None]
        read, written = (sum(each[name] for each in counted) for name in ("read", "tokens"))
        found = {
            "requests": float(self._ledger.requests),
            "retries": float(self._caller.retries),
            "answers_uncounted": float(len(answers) - len(counted)),
            "tokens_read": float(read),
            "tokens_written": float(written),
        }
        if self._endpoint.prices:
            price_read, price_written = self._endpoint.prices
            found["cost"] = round((read * price_read + written * price_written) / MILLION, 6)
        return found

    def close(self) -> None:
        self._open.close()

    def _fits(self, asked: Asked) -> bool:
        return self._budget.takes(asked.key, [asked.row.texts["prompt"], asked.row.tools])

    async def _begun(self, asked: Asked) -> asyncio.Task[Written]:
        return asyncio.create_task(self._one(asked))

    async def _one(self, asked: Asked) -> Written:
        may_retry = partial(self._budget.takes_again, asked.key)
        body = self._body(asked)
        try:
            try:
                answer = await self._caller.ask(body, may_retry=may_retry)
            except OtherBound:
                if COMPLETION_BOUND in body or not may_retry(is_lost=False):
                    raise
                self._learn_bound()
                answer = await self._caller.ask(self._body(asked), may_retry=may_retry)
        except Refused as no:
            self._budget.settle(asked.key, 0, 0)
            return Written(asked, "", "refused", None, why=storable(str(no)))
        except Declined:
            self._budget.settle(asked.key, 0, 0)
            raise
        written = self._written(asked, answer)
        self._budget.settle(asked.key, written.read, written.tokens)
        return written

    def _learn_bound(self) -> None:
        """From here on, and where the run's end is read, for the runs after it."""
        self._bound = COMPLETION_BOUND
        self._environment["endpoint_bounds_by"] = COMPLETION_BOUND

    def _body(self, asked: Asked) -> dict[str, Any]:
        prompt, setting = asked.row.texts["prompt"], asked.setting
        turns = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
        return {
            "model": self._endpoint.model,
            "messages": turns,
            "temperature": setting.temperature,
            "top_p": setting.top_p,
            self._bound: self._options.max_new_tokens,
            "seed": asked.seed,
            "stream": False,
        } | ({"tools": asked.row.tools} if asked.row.tools else {})

    def _written(self, asked: Asked, answer: dict[str, Any]) -> Written:
        usage = answer.get("usage")
        read, tokens = _number(usage, "prompt_tokens"), _number(usage, "completion_tokens")
        try:
            choice = answer["choices"][0]
            content = choice["message"].get("content") or ""
            finish = FINISHES.get(choice.get("finish_reason") or "", "")
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise InputError(
                "The endpoint's answer is none as OpenAI's chat completions have it: it lacks choices[0].message."
            ) from error
        if not isinstance(content, str):
            raise InputError("The endpoint's answer is none: its content is no text.")
        if finish == "refused":
            return Written(asked, "", finish, tokens, read, why="the server's filter")
        return Written(asked, storable(content), finish, tokens, read)


def storable(text: str) -> str:
    """Without NUL, which no database takes, and halves of letters, which no file does."""
    return UNSTORABLE.sub("\ufffd", text)


async def _first_of(
    working: set[asyncio.Task[Written]],
) -> tuple[set[asyncio.Task[Written]], set[asyncio.Task[Written]]]:
    return await asyncio.wait(working, timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)


async def _ended_of(working: set[asyncio.Task[Written]]) -> set[asyncio.Task[Written]]:
    if not working:
        return set()
    done, _ = await asyncio.wait(working, timeout=LATE_SECONDS)
    working -= done
    return done


async def _cancelled(working: set[asyncio.Task[Written]]) -> None:
    """Wait for their ends, too: a connection that is in use cannot be closed."""
    for task in working:
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)


def _number(usage: Any, name: str) -> int | None:  # Any: what a server says
    found = usage.get(name) if isinstance(usage, dict) else None
    return found if type(found) is int and found >= 0 else None


def _key(attempt: Attempt) -> str:
    if ENDPOINT_KEY_VARIABLE not in attempt.spec.secrets:
        return ""
    key = os.environ.pop(ENDPOINT_KEY_VARIABLE, "")
    if not key:
        raise InputError(
            f"The endpoint's key is not in {ENDPOINT_KEY_VARIABLE}: set it, or take the endpoint's own page."
        )
    return key
