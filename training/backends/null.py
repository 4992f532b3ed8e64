"""Writes what it was told to, at once; for tests of what is made of answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from training.backends import Asked, Written
from training.ledger import Ledger
from training.rows import Row
from training.stopping import Stop


class NullBackend:
    """Args: says: the answer that is asked for; by default one that no other equals."""

    def __init__(self, rows: Sequence[Row], says: Callable[[Asked], str] | None = None) -> None:
        self.rows = rows
        self.asked: list[Asked] = []
        self._says = says or (lambda asked: f"{asked.row.id} {asked.seed}")

    def go_on_from(self, ledger: Ledger) -> None:
        """Nothing is paid for."""

    def write(self, asked: Sequence[Asked], stop: Stop) -> Iterator[Written]:
        for each in asked:
            stop.check()
            self.asked.append(each)
            content = self._says(each)
            yield Written(each, content, "stop", len(content.split()))

    def figures(self, answers: Iterable[Mapping[str, Any]]) -> dict[str, float]:
        return {}

    def close(self) -> None:
        pass
