"""Which function does which kind of job. Filled by AppConfig.ready(), read-only afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job

Handler = Callable[[Job, Beat], dict[str, Any]]

_handlers: dict[str, Handler] = {}


def register(kind: str, handler: Handler) -> None:
    """Raise ValueError when two apps claim one kind."""
    if _handlers.setdefault(kind, handler) is not handler:
        raise ValueError(f"two handlers for jobs of kind {kind!r}")


def handler_of(kind: str) -> Handler:
    return _handlers[kind]


def known_kinds() -> list[str]:
    return sorted(_handlers)
