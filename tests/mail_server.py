"""A mail server that keeps what it gets, and refuses whom a test wants refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller


class Post:
    def __init__(self) -> None:
        self.got: list[tuple[list[str], Message]] = []
        self.refused: set[str] = set()

    # aiosmtpd's names and order of arguments; it carries no types
    async def handle_RCPT(  # noqa: N802
        self, _s: Any, _c: Any, envelope: Any, address: str, _o: Any
    ) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.got.append((list(envelope.rcpt_tos), message_from_bytes(envelope.content)))
        return "250 OK"


class AnyPort(Controller):
    """On whatever port is free; aiosmtpd itself then knocks at port 0."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(post: Post) -> Iterator[int]:
    """Its port on 127.0.0.1."""
    controller = AnyPort(post, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
