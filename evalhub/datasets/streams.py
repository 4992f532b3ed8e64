"""Several files written at once."""

from __future__ import annotations

from pathlib import Path
from typing import IO


class Streams:
    """Several files opened for writing as one context."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self._paths = {name: folder / name for name in names}
        self._open: dict[str, IO[bytes]] = {}

    def __enter__(self) -> dict[str, IO[bytes]]:
        for name, path in self._paths.items():
            self._open[name] = path.open("wb")
        return self._open

    def __exit__(self, *_: object) -> None:
        for stream in self._open.values():
            stream.close()
