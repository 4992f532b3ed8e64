"""What the clients know: what they sent, and what they were told of it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from evalhub.demo.race.caller import Caller, Failure

NO_PROGRESS = 120.0  # seconds after which nothing more is hoped for
LOOK_EVERY = 0.1


@dataclass
class Ledger:
    """One for all clients; whoever waits for progress is woken by it."""

    wanted: int
    stopped: threading.Event = field(default_factory=threading.Event)
    acknowledged: dict[str, set[str]] = field(default_factory=dict)  # submission: judgments
    late: dict[str, str] = field(default_factory=dict)  # assignment: submission kept as a draft
    counts: Counter[str] = field(default_factory=Counter)  # what was done, for the display
    failures: list[Failure] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)  # what no client may ever meet
    slowest: float = 0.0  # seconds to an answer, all tries included
    moved: float = field(default_factory=time.monotonic)  # when it last came forward
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def judged(self) -> int:
        return len(self.acknowledged)

    @property
    def share(self) -> float:
        return self.judged / self.wanted

    @property
    def is_over(self) -> bool:
        return self.judged >= self.wanted or self.stopped.is_set()

    def acknowledge(self, submission: str, judgment: str, assignment: str) -> None:
        with self._changed:
            self.acknowledged.setdefault(submission, set()).add(judgment)
            self.late.pop(assignment, None)  # answered after all, and the draft is gone
            self.moved = time.monotonic()
            self._changed.notify_all()

    def keep_late(self, submission: str, assignment: str) -> None:
        with self._changed:
            self.late[assignment] = submission
            self.counts["late"] += 1

    def count(self, what: str) -> None:
        with self._changed:
            self.counts[what] += 1

    def surprise(self, what: str) -> None:
        with self._changed:
            self.surprises.append(what)

    def restart_patience(self) -> None:
        """What came before, such as the start of an instance, counts for no standstill."""
        self.moved = time.monotonic()

    def hang_up(self, caller: Caller) -> None:
        """What a caller met, told once at its end."""
        caller.close()
        with self._changed:
            self.failures += caller.failures
            self.counts["requests"] += caller.tries
            self.slowest = max(self.slowest, caller.slowest)

    def reach(self, judged: int, look: Callable[[], None]) -> bool:
        """Wait until so many are judged, looking now and then; False when nothing moves any more."""
        while self.judged < min(judged, self.wanted):
            if self.stopped.is_set() or time.monotonic() - self.moved > NO_PROGRESS:
                return False
            with self._changed:
                self._changed.wait(LOOK_EVERY)
            look()
        return True
