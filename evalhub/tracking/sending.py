"""A process of its own for each sending: bounded in time, and blind for the worker's other secrets."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import msgspec

from evalhub.common.files import Beat
from evalhub.tracking.errors import TrackingFailed
from evalhub.tracking.exporters.letter import KEY, Letter

MOST_SECONDS = 120.0
LOOK_EVERY = 0.5  # seconds
PASSED_ON = (
    "PATH", "PYTHONPATH", "LANG", "LC_ALL", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
    "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
)  # fmt: skip

Told = Callable[[dict[str, Any]], None]  # {"seen_at": …}, {"sent_to": …} or {"has_end": true}


def send(
    letter: Letter, *, key: str, told: Told, beat: Beat, seconds: float = MOST_SECONDS
) -> None:
    """Let the service's exporter send the letter; what arrived is told as it arrives.

    Raises:
        TrackingFailed: it is not all there. What was told stays true.
    """
    said: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="evalhub-tracking-") as home, _told_by(letter, key, home) as pipe:  # fmt: skip
        for line in _lines(pipe, seconds, beat):
            said = msgspec.json.decode(line)
            if not said.keys() & {"why", "is_done"}:
                told(said)
    if not said.get("is_done"):
        raise TrackingFailed(said.get("why", "its client went away without a word"))


@contextmanager
def _told_by(letter: Letter, key: str, home: str) -> Iterator[int]:
    """A pipe from the exporter's process, which is ended with all that it started, whatever happens."""
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment |= {"HOME": home, "DO_NOT_TRACK": "1"} | ({KEY: key} if key else {})
    ours, theirs = os.pipe()
    with tempfile.TemporaryFile() as written:
        written.write(msgspec.json.encode(letter))
        written.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-m", "evalhub.tracking.exporters"],
            stdin=written, stdout=theirs, stderr=subprocess.DEVNULL,
            env=environment, start_new_session=True,
        )  # fmt: skip
    os.close(theirs)
    try:
        yield ours
    finally:
        with suppress(ProcessLookupError):  # nobody has waited for it yet, so its number is its own
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(ours)


def _lines(pipe: int, seconds: float, beat: Beat) -> Iterator[bytes]:
    """What is said, line by line. Raise TrackingFailed when the time is over."""
    until, rest = time.monotonic() + seconds, b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while time.monotonic() < until:
            beat()
            if selector.select(LOOK_EVERY):
                piece = os.read(pipe, 1 << 16)
                if not piece:
                    return
                *lines, rest = (rest + piece).split(b"\n")
                yield from lines
    raise TrackingFailed(f"it did not answer within {seconds:.0f} seconds")
