"""One POST to somebody else's server: to an address that was looked at, with no redirect, and bounded in time."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from time import monotonic

from evalhub.webhooks.places import Place

EACH, WHOLE = 8.0, 20.0  # seconds: of each wait, and of all together
MOST_ADDRESSES = 3  # of a name that has many
MOST_READ = 500  # bytes of an answer, for whoever looks why it was refused


@dataclass(frozen=True)
class Answer:
    """`status` is None when none came; `told` is the beginning of what was said, or what went wrong."""

    status: int | None
    told: str

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def post(place: Place, addresses: list[str], body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send `body` to the first that takes a connection of the first three addresses."""
    wire = _Wire(place, addresses[:MOST_ADDRESSES], until=monotonic() + WHOLE)
    try:
        wire.connect()
        with _bounded(wire):
            wire.greet()
            host = place.told.partition("://")[2]
            wire.request("POST", place.path, body, {"Host": host, **headers})
            with wire.getresponse() as answer:  # the connection is now its, and not the wire's
                told = answer.read(MOST_READ).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return Answer(None, f"{type(error).__name__}: {error}"[:MOST_READ])
    finally:
        wire.close()
    if 300 <= answer.status < 400:
        told = "It answered with another address. Redirects are not followed: give the last one."
    return Answer(answer.status, told)


class _Wire(http.client.HTTPConnection):
    """Connects to one of the addresses; names the host only to TLS and to the server."""

    def __init__(self, place: Place, addresses: list[str], *, until: float) -> None:
        super().__init__(place.host, place.port, timeout=EACH)
        self._place, self._addresses, self._until = place, addresses, until

    @property
    def left(self) -> float:
        """Seconds of the whole."""
        return max(0.0, self._until - monotonic())

    def connect(self) -> None:
        """Without the handshake of TLS, which is bounded in time as the rest is."""
        self.sock = self._open()
        if self._place.scheme == "https":
            self.sock = ssl.create_default_context().wrap_socket(
                self.sock, server_hostname=self._place.host, do_handshake_on_connect=False
            )

    def greet(self) -> None:
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.do_handshake()

    def _open(self) -> socket.socket:
        last: OSError = OSError("the name has no address")
        for address in self._addresses:
            if not self.left:
                raise TimeoutError(f"nothing took the connection within {WHOLE:g} s")
            try:
                sock = socket.create_connection(
                    (address, self._place.port), timeout=min(EACH, self.left)
                )
            except OSError as error:
                last = error
            else:
                sock.settimeout(EACH)
                return sock
        raise last


@contextmanager
def _bounded(wire: _Wire) -> Iterator[None]:
    """Hang up when `WHOLE` is over: a server that sends a byte now and then would hold a worker for hours."""
    sock = wire.sock  # the wire lets go of it once the answer begins, and reads on

    def hang_up() -> None:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:  # it has ended at this very moment
            return

    timer = Timer(wire.left, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
