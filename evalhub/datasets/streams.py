"""Several files written at once."""

from __future__ import annotations

from pathlib import Path
from typing import IO

BUFFER = (
    2**20
)  # bytes of each: by the 8 kB that Python has, a large build calls the system for every few rows


class Streams:
    """Several files opened for writing as one context."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self._paths = {name: folder / name for name in names}
        self._open: dict[str, IO[bytes]] = {}

    def __enter__(self) -> dict[str, IO[bytes]]:
        for name, path in self._paths.items():
            self._open[name] = path.open("wb", buffering=BUFFER)
        return self._open

    def __exit__(self, *_: object) -> None:
        for stream in self._open.values():
            stream.close()
