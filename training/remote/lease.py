"""The lease on a run, renewed beside the work by a thread of its own: an upload may outlast it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from training.remote.client import Client, Refused, Unreachable
from training.remote.lent import Lent

T = TypeVar("T")


class LeaseLost(Exception):
    """Another worker may have the run: stop the trainer and send nothing more."""


class Cancelled(Exception):
    """A person asked to stop."""


class ToldToGo(Exception):
    """This worker was told to go, or a person holds the run: hand it back."""


class Lease:
    """`check` raises as soon as there is a reason to stop; else it costs nothing."""

    def __init__(self, client: Client, lent: Lent, going: threading.Event) -> None:
        self._client, self._going = client, going
        self._path, self.attempt = f"runs/{lent.run}/", lent.attempt
        self._seconds = float(lent.lease_seconds)
        self._renewed = time.monotonic()
        self._cancelled, self._lost, self._over = threading.Event(), "", threading.Event()
        self._held = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def check(self) -> None:
        """Raise LeaseLost, Cancelled or ToldToGo where one of them holds, the gravest first."""
        self.check_lease()
        if self._cancelled.is_set():
            raise Cancelled
        if self._going.is_set() or self._held.is_set():
            raise ToldToGo

    def check_lease(self) -> None:
        if self._lost:
            raise LeaseLost(self._lost)
        if time.monotonic() - self._renewed > self._seconds:
            raise LeaseLost(f"evalhub was out of reach for {self._seconds:g} seconds.")

    def ask(self, name: str, body: dict[str, Any] | None = None) -> Any:
        """Post to one of the run's doors.

        Raises:
            LeaseLost: evalhub says so.
            Refused, Unreachable: as the client says.
        """
        return self._guarded(
            lambda: self._client.ask(self._path + name, body, attempt=self.attempt)
        )

    def read(self, name: str, body: dict[str, Any]) -> bytes:
        return bytes(
            self._guarded(lambda: self._client.read(self._path + name, body, attempt=self.attempt))
        )

    def upload(self, local: Path, sha256: str) -> None:
        self._guarded(
            lambda: self._client.upload(
                f"{self._path}upload", local, attempt=self.attempt, sha256=sha256
            )
        )

    def renew(self, events: list[dict[str, Any]]) -> None:
        """Send events, or none; either way the lease begins anew when evalhub has answered."""
        asked = time.monotonic()
        answer = self.ask("events", {"events": events})
        self._renewed = max(self._renewed, asked)
        for wish, flag in (("cancel", self._cancelled), ("pause", self._held)):
            if isinstance(answer, dict) and answer.get(wish) is True:
                flag.set()

    def _guarded(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except Refused as refused:
            # lease_over; or a token that was revoked, a run that is hidden by now
            if refused.code == "lease_over" or refused.status in (401, 403, 404):
                self._lost = str(refused)
                raise LeaseLost(str(refused)) from refused
            raise

    def _keep(self) -> None:
        while not self._over.wait(self._seconds / 5):
            try:
                self.renew([])
            except (LeaseLost, Refused):
                return  # `check` tells whoever works; a refusal of the empty list ends by the clock
            except Unreachable:
                continue
