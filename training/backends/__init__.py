"""Who writes answers: a model of ours, a server elsewhere, or nobody. Imports no torch.

A back end is asked for answers and gives each as it is finished, in any order. It is closed when
no more are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from training.ledger import Ledger
from training.rows import Row
from training.stopping import Stop

Finish = Literal["stop", "length", "refused", ""]


@dataclass(frozen=True)
class Setting:
    """How tokens are chosen; temperature 0 takes the likeliest."""

    temperature: float
    top_p: float


@dataclass(frozen=True)
class Asked:
    """One answer to a prompt: the `index`-th, at the `turn`-th try, by its own seed."""

    row: Row
    index: int
    turn: int
    setting: Setting
    seed: int
    model: str = ""  # its name, where several answer

    @property
    def key(self) -> tuple[str, int, int]:
        whose = f"{self.model}:{self.row.id}" if self.model else self.row.id
        return whose, self.index, self.turn


@dataclass(frozen=True)
class Written:
    """`finish` is "length" where the answer was cut, "refused" where there is none (`why` tells),
    and empty where nobody knows. `tokens` that were written, and `read` of the prompt, are None where
    nobody counted.
    """

    asked: Asked
    content: str
    finish: Finish
    tokens: int | None
    read: int | None = None
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        told = {"content": self.content, "finish": self.finish, "tokens": self.tokens}
        more = {"read": self.read, "why": self.why}
        return told | {name: value for name, value in more.items() if value not in (None, "")}


class Backend(Protocol):
    @property
    def rows(self) -> Sequence[Row]:
        """Those that it can answer, of those it was made for."""
        ...

    def go_on_from(self, ledger: Ledger) -> None:
        """Know what earlier attempts have written and spent, before `write` is asked for more."""
        ...

    def write(self, asked: Sequence[Asked], stop: Stop) -> Iterator[Written]:
        """Each answer as it is finished.

        Raises:
            InputError: it can go on with none of them; the sentence says what to do.
            Interrupted: a stop was asked for.
        """
        ...

    def figures(self, answers: Iterable[Mapping[str, Any]]) -> dict[str, float]:
        """What the run's metrics shall hold of it.

        Args:
            answers: all of the ledger, those of earlier attempts too.
        """
        ...

    def close(self) -> None: ...
