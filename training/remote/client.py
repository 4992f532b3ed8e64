"""Talking to evalhub: JSON, pieces of files, uploads; tried again while that can help.

Standard library only.
"""

from __future__ import annotations

import http.client
import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

PATIENCE = 30.0  # seconds without a byte
MOST_ANSWER = 32 * 2**20  # bytes; a piece of a file has 16
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
T = TypeVar("T")
HERE = ("127.0.0.1", "localhost", "::1")


class Refused(Exception):
    """evalhub understood and said no; the sentence is its own."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.code = status, code


class Unreachable(Exception):
    """No answer, or one that says to come back later."""


class CannotConnect(Exception):
    """The address or the token cannot be right."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Another host would get the token."""

    def redirect_request(self, *_: Any, **__: Any) -> None:  # Any: the library's own signature
        return None


class Client:
    """One worker's connection.

    Raises:
        CannotConnect: the address is not https, so that the token would travel in the clear.
    """

    def __init__(self, url: str, token: str, *, patience: float = PATIENCE) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in HERE):
            raise CannotConnect(f"{url} is not https: anybody on the way would read the token.")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise CannotConnect(f"Give the address alone, as https://{parts.hostname}/.")
        self._base, self._token, self._patience = (
            url.rstrip("/") + "/api/v1/remote/",
            token,
            patience,
        )
        self._opener = urllib.request.build_opener(_NoRedirect())

    def ask(self, path: str, body: dict[str, Any] | None = None, **query: object) -> Any:
        """Post JSON, and return the JSON that is answered; None for an empty answer.

        Raises:
            Refused, Unreachable.
        """
        answer = self.read(path, body, **query)
        try:
            return json.loads(answer) if answer else None
        except (ValueError, RecursionError) as error:
            raise Unreachable(f"{self._base} answered something else than JSON.") from error

    def read(self, path: str, body: dict[str, Any] | None = None, **query: object) -> bytes:
        """The same where bytes are answered."""
        sent = json.dumps(body or {}).encode()
        return self._send(path, sent, "application/json", len(sent), query)

    def upload(self, path: str, local: Path, **query: object) -> None:
        with local.open("rb") as stream:
            size = local.stat().st_size
            self._send(path, stream, "application/octet-stream", size, query)

    def _send(self, path: str, body: Any, kind: str, size: int, query: dict[str, object]) -> bytes:
        """Any: bytes or an open file, which the library reads piece by piece."""
        request = urllib.request.Request(  # noqa: S310  (the scheme was looked at)
            f"{self._base}{path}?{urlencode(query)}" if query else self._base + path,
            data=body,
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": kind,
                "Content-Length": str(size),
            },
            method="POST",
        )
        try:
            with self._opener.open(request, timeout=self._patience) as answer:
                found: bytes = answer.read(MOST_ANSWER + 1)
        except urllib.error.HTTPError as error:
            raise _refusal(error) from error
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{self._base} cannot be reached: {error}") from error
        if len(found) > MOST_ANSWER:
            raise Unreachable(f"{self._base} answers without an end.")
        return found


def _refusal(error: urllib.error.HTTPError) -> Exception:
    """5xx and 429 may pass; a redirect or any other 4xx will not."""
    if error.code >= 500 or error.code in (408, 429):
        return Unreachable(f"evalhub answered {error.code}")
    try:
        told = json.loads(error.read(100_000))
        code, sentence = str(told["code"]), str(told["detail"])[:2000]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        code, sentence = "", f"evalhub answered {error.code} {error.reason}"
    return Refused(error.code, code, sentence)


def patiently(ask: Callable[[], T], *, check: Callable[[], None]) -> T:
    """Ask again, after longer and longer pauses, until there is an answer or `check` raises."""
    pause = FIRST_PAUSE
    while True:
        check()
        try:
            return ask()
        except Unreachable:
            until = time.monotonic() + pause * random.uniform(0.5, 1.5)  # noqa: S311  (no secret)
            while time.monotonic() < until:
                check()
                time.sleep(
                    0.1
                )  # a pause between tries, in slices: `check` tells of a lost lease meanwhile
            pause = min(LONGEST_PAUSE, 2 * pause)
