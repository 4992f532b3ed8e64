"""What crosses to the process that sends: plain values, no Django."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

Sent = Callable[[int | None], None]  # all steps up to this one are there for certain; None: the end
KEY = "EVALHUB_TRACKER_KEY"  # the variable of the child in which the key stands


class Point(msgspec.Struct):
    step: int
    at: float  # seconds since 1970, when it was measured
    values: dict[str, float]


class Letter(msgspec.Struct, kw_only=True):
    """One Run, and the points that the service does not have yet."""

    service: str
    project: str
    address: str
    folder: str
    is_offline: bool
    uid: str
    name: str
    recipe: str
    settings: dict[str, Any]  # numbers, switches and words of the recipe: no text of a person
    digests: dict[str, str]
    tags: list[str]
    link: str
    began_at: float
    state: str  # of the job
    ended_at: float | None  # None: more will come
    final: dict[str, float]
    after: int | None  # the last step that is there
    points: list[Point]

    def own_folder(self) -> str:
        """Where a client may write: what is uploaded later stays, all else goes with the process."""
        folder = Path(self.folder) if self.is_offline else Path.home()
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)

    @property
    def facts(self) -> dict[str, Any]:
        """Settings and digests, flat."""
        digests = {f"sha256/{name}": digest for name, digest in self.digests.items()}
        return {**self.settings, "recipe": self.recipe, **digests}


class Exporter(Protocol):
    """One service, one run. Each is made with its Letter; the same letter twice doubles nothing."""

    def begin(self) -> str:
        """Find the run there or make it; where it is seen, empty where nobody knows."""

    def log(self, points: Sequence[Point], sent: Sent) -> None: ...

    def end(self, sent: Sent) -> None:
        """Bring out what waits; where the run has ended, its state and last figures as well."""


class Refused(Exception):
    """The service said no; the message is ours and holds no word of it."""
