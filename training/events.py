"""events.jsonl: numbered lines that the worker follows while we work."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from training.contract import Event, EventKind


class EventLog:
    """Appends to an attempt's events.jsonl; goes on after the last whole line that is there."""

    def __init__(self, attempt_dir: Path) -> None:
        path = attempt_dir / "events.jsonl"
        before = path.read_bytes() if path.exists() else b""
        whole = before[: before.rfind(b"\n") + 1]
        self._stream = path.open("ab")
        self._stream.truncate(len(whole))
        self._count = whole.count(b"\n")

    def write(self, kind: EventKind, /, **body: Any) -> None:  # Any: JSON values
        self._count += 1
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event = Event(n=self._count, at=at, kind=kind, body=_finite(body))
        line = json.dumps(asdict(event), ensure_ascii=False, allow_nan=False)
        self._stream.write(line.encode() + b"\n")
        self._stream.flush()

    def close(self) -> None:
        self._stream.close()


def _finite(body: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN; a value that is not a number is missing."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in body.items()
    }
