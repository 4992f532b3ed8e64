"""One request to a server that speaks OpenAI's chat completions, tried again while that can help."""

from __future__ import annotations

import asyncio
import email.utils
import ipaddress
import random
import socket
import time
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx2

from training.addresses import fault_of_host, fault_of_url, is_public, plain
from training.contract import COMPLETION_BOUND, OVER_BUDGET, EndpointSpec
from training.errors import InputError

TRIES = 8
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout)
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds
LONGEST_WAIT = 600.0  # seconds that a server may ask us to wait
PASSING = {408, 409, 425, 429, 500, 502, 503, 504, 529}  # may be otherwise in a moment
OF_THIS_PROMPT = {400, 413, 422}  # another prompt may be answered
CONNECT_SECONDS = 10.0
MOST_ANSWER = 8 * 2**20  # bytes
SAID = 300  # characters of a server's words that are told


class Refused(Exception):
    """The server will not answer this prompt; the sentence is its own."""


class OtherBound(Refused):
    """It answers none that says `max_tokens`, and names `max_completion_tokens`."""


class Declined(InputError):
    """The server answers nothing that is asked like this, so it has nothing to be paid for."""


class MayRetry(Protocol):
    def __call__(self, *, is_lost: bool) -> bool:
        """Whether the same may be asked once more; `is_lost`: an answer may have come that nobody heard."""
        ...


class Pace:
    """When the next request may be sent."""

    def __init__(self, per_minute: int) -> None:
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._next = self._held = 0.0

    async def wait(self) -> None:
        """Requests follow each other in turn, however many wait."""
        mine = max(time.monotonic(), self._next)
        self._next = mine + self._gap
        while (left := max(mine, self._held) - time.monotonic()) > 0:
            await asyncio.sleep(left)

    def hold(self, seconds: float) -> None:
        """Send nothing before that: the server has said so."""
        self._held = max(self._held, time.monotonic() + seconds)


class Caller:
    """Calls one server. To be used in one event loop.

    Raises:
        InputError: its address is none.
    """

    def __init__(self, endpoint: EndpointSpec, *, key: str, private: Sequence[str]) -> None:
        if fault := fault_of_url(endpoint.url):
            raise InputError(f"The endpoint's address cannot be used: {fault}.")
        self._url = httpx2.URL(f"{endpoint.url.rstrip('/')}/chat/completions")
        self._place = urlsplit(endpoint.url).netloc
        self._key, self._private = key, private
        self._pace = Pace(endpoint.per_minute)
        limits = httpx2.Limits(max_connections=endpoint.at_once)
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(endpoint.patience, connect=CONNECT_SECONDS),
            limits=limits,
            follow_redirects=False,  # another host would get the key
            trust_env=False,  # a proxy would look the name up, and nobody the address
        )
        self.retries = 0

    async def ask(self, body: dict[str, Any], *, may_retry: MayRetry) -> dict[str, Any]:
        """What the server answers.

        Raises:
            Refused: it answers others, but not this one.
            InputError: it answers nobody like this; the sentence says what to do.
        """
        pause, why, is_lost = FIRST_PAUSE, "", False
        for turn in range(TRIES):
            await self._pace.wait()
            if turn and not may_retry(is_lost=is_lost):
                raise Refused(OVER_BUDGET)
            self.retries += turn > 0
            is_lost = False
            try:
                answer, content = await self._send(body)
            except httpx2.RequestError as error:  # or an encoding that cannot be read
                why = f"could not be reached ({type(error).__name__})"
                asked, is_lost = None, not isinstance(error, NEVER_SENT)
            else:
                if answer.is_success:
                    return self._read(content)
                if answer.status_code not in PASSING:
                    raise self._no(answer, content)
                why = f"answered {answer.status_code}"
                asked = _asked_to_wait(answer.headers.get("retry-after", ""))
            if asked is not None:
                self._pace.hold(min(asked, LONGEST_WAIT))
            elif turn < TRIES - 1:
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  (no secret)
            pause = min(LONGEST_PAUSE, 2 * pause)
        raise InputError(
            f"The server {self._place} {why}, {TRIES} times in a row. Start the run again when it works."
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def _send(self, body: dict[str, Any]) -> tuple[httpx2.Response, bytes]:
        """To the address that was looked at, and no other that the name may stand for by then."""
        host = self._url.host
        address = await self._address(host)
        headers = {"Host": self._url.netloc.decode(), "Accept": "application/json"}
        if self._key:
            if self._url.scheme != "https" and is_public(plain(address)):
                raise InputError(
                    f"{self._place} is not https: anybody on the way would read the key."
                )
            headers["Authorization"] = f"Bearer {self._key}"
        request = self._client.build_request(
            "POST",
            self._url.copy_with(host=address),
            json=body,
            headers=headers,
            extensions={"sni_hostname": host},
        )
        answer = await self._client.send(request, stream=True)
        content = bytearray()
        try:
            async for piece in answer.aiter_bytes():
                content += piece
                if len(content) > MOST_ANSWER:
                    raise InputError(f"The server {self._place} answers without an end.")
        finally:
            await answer.aclose()
        return answer, bytes(content)

    async def _address(self, host: str) -> str:
        try:
            return self._allowed(host, [str(ipaddress.ip_address(host))])
        except ValueError:
            pass  # a name
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)  # fmt: skip
        except OSError as error:
            raise httpx2.ConnectError(f"{host} has no address") from error
        return self._allowed(host, [str(each[4][0]) for each in found])

    def _allowed(self, host: str, addresses: Sequence[str]) -> str:
        """The first; every one must be allowed, else the next request might go to another."""
        for each in addresses:
            if fault := fault_of_host(host, each, private=self._private):
                raise InputError(f"Nothing may be sent to the endpoint: {fault}.")
        return addresses[0]

    def _read(self, content: bytes) -> dict[str, Any]:
        try:
            found = httpx2.Response(200, content=content).json()
        except (ValueError, RecursionError) as error:
            raise InputError(f"The server {self._place} answered something else than JSON.") from error  # fmt: skip
        if not isinstance(found, dict):
            raise InputError(f"The server {self._place} answered JSON that is no object.")
        return found

    def _no(self, answer: httpx2.Response, content: bytes) -> Exception:
        said = content.decode("utf-8", "replace").replace("\n", " ")
        if self._key:
            said = said.replace(self._key, "…")
        status, names_other = answer.status_code, COMPLETION_BOUND in said
        said = said[:SAID]
        if status == 400 and names_other:
            return OtherBound(f"{status}: {said}")
        if status in OF_THIS_PROMPT:
            return Refused(f"{status}: {said}")
        if status in {401, 403}:
            return Declined(f"The server {self._place} refuses the key ({status}): set it anew on the endpoint's page. It says: {said}")  # fmt: skip
        if status == 404:
            return Declined(f"The server {self._place} knows no such model or path (404): look at the endpoint's address, which mostly ends with /v1, and its model. It says: {said}")  # fmt: skip
        if answer.is_redirect:
            return Declined(f"The server {self._place} sends us elsewhere ({status}): give the address it names, if you trust it.")  # fmt: skip
        return Declined(f"The server {self._place} answered {status}: {said}")


def _asked_to_wait(header: str) -> float | None:
    """Seconds that Retry-After names, by number or date; None where it does not."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass  # a date
    try:
        until = email.utils.parsedate_to_datetime(header).timestamp()
    except ValueError:
        return None
    return max(0.0, until - time.time())
