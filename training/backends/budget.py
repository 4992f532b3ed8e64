"""How many requests may be sent and what they may cost; what does not fit is not asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

from training.ledger import Ledger

MILLION = 1_000_000
Key = tuple[str, int, int]  # prompt, index, turn
OF_A_TEMPLATE = 256  # tokens that a server may write round a prompt


class Budget:
    """Lets a request go while it fits beside all that went before, each at the most that it can cost.

    A byte of a prompt is a token at most, and an answer has its limit; so the bound is never passed. What
    a request may cost is in the ledger before it is sent, and what it did cost after: one that a killed
    attempt had under way is spent. A request that nobody heard the answer of, or whose tokens the server
    did not count, has cost what it could. May be asked from several threads.
    """

    def __init__(
        self, ledger: Ledger, *, requests: int, cost: float, prices: Sequence[float], most_tokens: int
    ) -> None:  # fmt: skip
        """Args: requests, cost: 0 is no bound."""
        self._ledger, self._requests, self._cost = ledger, requests, cost
        self._prices = tuple(prices) or (0.0, 0.0)
        self._most_tokens = most_tokens
        self._lock = threading.Lock()
        self._under_way: dict[Key, float] = {}  # what each may cost, by the key of its answer

    def takes(self, key: Key, asked: Any) -> bool:
        """Whether one more fits; then it is under way until `settle`.

        Args:
            asked: all that the server is to read.
        """
        length = len(json.dumps(asked, ensure_ascii=False).encode()) + OF_A_TEMPLATE
        most = self._price(length, self._most_tokens)
        with self._lock:
            if not self._fits(most):
                return False
            self._under_way[key] = most
            self._ledger.spend(1, most)
            return True

    def takes_again(self, key: Key, *, is_lost: bool) -> bool:
        """Whether what is under way may be sent once more.

        Args:
            is_lost: the server may have answered, though nobody heard it: then that is spent as well.
        """
        with self._lock:
            most = self._under_way[key] if is_lost else 0.0
            if not self._fits(most):
                self._under_way[key] -= most  # what is lost is not given back
                return False
            self._ledger.spend(1, most)
            return True

    def settle(self, key: Key, read: int | None, tokens: int | None) -> None:
        """It is answered, or will never be."""
        with self._lock:
            most = self._under_way.pop(key)
            if read is not None and tokens is not None:
                self._ledger.spend(0, self._price(read, tokens) - most)

    def _fits(self, most: float) -> bool:
        requests = not self._requests or self._ledger.requests < self._requests
        return requests and (not self._cost or self._ledger.cost + most <= self._cost)

    def _price(self, read: int, tokens: int) -> float:
        return (read * self._prices[0] + tokens * self._prices[1]) / MILLION
