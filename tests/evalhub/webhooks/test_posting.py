"""One POST is bounded in time, whatever the other side does."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from evalhub.webhooks import posting
from evalhub.webhooks.places import Place, read_place
from evalhub.webhooks.posting import MOST_READ, post
from tests.evalhub.webhooks.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def at(port: int) -> Place:
    return read_place(f"http://127.0.0.1:{port}/")


def test_a_name_with_many_addresses_is_tried_at_three(receiver: Receiver) -> None:
    """Nobody listens at ::1."""
    assert post(at(receiver.port), ["::1", "::1", "127.0.0.1"], b"{}", {}).is_good
    answer = post(at(receiver.port), ["::1", "::1", "::1", "127.0.0.1"], b"{}", {})
    assert answer.status is None
    assert len(receiver.got) == 1


def test_connecting_is_of_the_whole(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "WHOLE", 0.0)
    answer = post(at(receiver.port), ["127.0.0.1"], b"{}", {})
    assert answer.told == "TimeoutError: nothing took the connection within 0 s"
    assert receiver.got == []


def test_an_answer_that_comes_byte_by_byte_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "WHOLE", 0.3)
    with _slow() as port:
        answer = post(at(port), ["127.0.0.1"], b"{}", {})
    assert answer.status == 200
    assert 0 < len(answer.told) < MOST_READ


@contextmanager
def _slow() -> Iterator[int]:
    """A server of HTTP/1.0 that says a byte each 20 ms."""
    over = Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            wire, _ = listening.accept()
            with wire:
                wire.recv(65_536)
                wire.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
                for _ in range(MOST_READ):
                    if over.wait(0.02):
                        return
                    try:
                        wire.sendall(b"x")
                    except OSError:  # the other side hung up, as it should
                        return

        thread = Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            thread.join()
