"""How many requests may be sent and what they may cost; what does not fit is not asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from training.contract import OVER_BUDGET

MILLION = 1_000_000
Key = tuple[str, int, int]  # prompt, index, turn
OF_A_TEMPLATE = 64  # tokens that a server may write round a prompt


class Budget:
    """Lets an answer be asked for while it fits beside all that is under way, at the most it can cost.

    A byte of a prompt is a token at most, and an answer has its limit; so the bound is never passed.
    What a server did not count, costs what it could. Requests of an attempt that was killed count as
    one for each answer.
    """

    def __init__(
        self, *, requests: int, cost: float, prices: Sequence[float], most_tokens: int, retries: Callable[[], int]
    ) -> None:  # fmt: skip
        """Args: requests, cost: 0 is no bound. retries: how many this attempt has sent so far."""
        self._requests, self._cost, self._retries = requests, cost, retries
        self._prices = tuple(prices) or (0.0, 0.0)
        self._most_tokens = most_tokens
        self._asked, self._spent = 0, 0.0
        self._under_way: dict[Key, float] = {}  # what each may cost, by the key of its answer

    def go_on_from(
        self, known: Mapping[Key, Mapping[str, Any]], prompts: Mapping[str, Any]
    ) -> None:
        """Count the answers of earlier attempts, by key; `prompts` by the id of their row."""
        for key, each in known.items():
            if each.get("why") != OVER_BUDGET:
                self._asked += 1
                self._spent += self._of(
                    each.get("read"), each["tokens"], self.most_of(prompts[key[0]])
                )

    def takes(self, key: Key, prompt: Any) -> bool:
        """Whether one more fits; then it is under way until `settle`."""
        most = self.most_of(prompt)
        reserved = sum(self._under_way.values())
        if not self.takes_a_retry() or (self._cost and self._spent + reserved + most > self._cost):
            return False
        self._asked += 1
        self._under_way[key] = most
        return True

    def takes_a_retry(self) -> bool:
        return not self._requests or self._asked + self._retries() < self._requests

    def settle(self, key: Key, read: int | None, tokens: int | None) -> None:
        """It is answered, or will never be."""
        self._spent += self._of(read, tokens, self._under_way.pop(key))

    def most_of(self, prompt: Any) -> float:
        """What an answer to the prompt can cost at most."""
        length = len(json.dumps(prompt, ensure_ascii=False).encode()) + OF_A_TEMPLATE
        return self._price(length, self._most_tokens)

    def _of(self, read: int | None, tokens: int | None, most: float) -> float:
        return most if read is None or tokens is None else self._price(read, tokens)

    def _price(self, read: int, tokens: int) -> float:
        return (read * self._prices[0] + tokens * self._prices[1]) / MILLION
