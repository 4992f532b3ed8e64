"""Annotators' programs: each claims and judges until all is judged, in its own unsteady way."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import Any

from evalhub.demo.race.caller import Answer, Caller, Stopped
from evalhub.demo.race.ledger import Ledger
from evalhub.demo.race.overdue import Lent, Overdue

OFFLINE = 1.0  # seconds at most
ASKS_AGAIN = (0.5, 2.0)  # seconds until somebody asks again who found nothing to do
STALLS_UNTIL = 0.8  # share of the judgments, so that nobody waits long for the last reaping


@dataclass(frozen=True)
class Course:
    """The campaign that is raced on."""

    campaign: str
    criteria: list[str]
    tokens: list[str]  # one per client


@dataclass(frozen=True)
class Habits:
    """How many tasks at most a client has in hand, and how often of 100 times it does what."""

    hand: int
    submit: int
    double: int = 0  # the same submit twice at the same moment
    prefetch: int = 0  # claim another, naming what it holds
    burst: int = 0  # judge the whole hand without a connection, then send all in order
    skip: int = 0
    release: int = 0
    stall: int = 0  # let the lease run out and submit too late
    heartbeat: int = 0
    reload: int = 0  # claim as one who has forgotten what it holds
    undo: int = 0  # submit, withdraw at once, and say something else


STEADY = Habits(hand=1, submit=100)
UNSTEADY = Habits(
    hand=4, submit=40, double=8, prefetch=16, burst=10, skip=5, release=3, stall=4, heartbeat=5,
    reload=4, undo=5,
)  # fmt: skip


class Unexpected(Exception):
    """An answer that the API may never give here."""


Lease = dict[str, Any]  # as the API tells it
Body = dict[str, Any]


@dataclass
class Stalled:
    lease: Lease
    until_returned: bool  # else it comes as soon as its time is over, perhaps before the reaper

    @property
    def lent(self) -> Lent:
        return Lent(self.lease["assignment"], self.lease["token"])


@dataclass
class Client:
    course: Course
    ledger: Ledger
    overdue: Overdue
    habits: Habits
    caller: Caller
    chance: Random  # all its choices
    hand: dict[str, Lease] = field(default_factory=dict)  # by assignment
    stalled: dict[str, Stalled] = field(default_factory=dict)

    def work(self) -> None:
        """Until all is judged; what it meets and may not is a surprise in the ledger."""
        try:
            while not self.ledger.is_over:
                self._step()
            while self.stalled and not self.ledger.stopped.is_set():
                self._come_too_late()
                self._wait(*ASKS_AGAIN)
        except Stopped:
            pass  # as asked: whoever stopped the race says why it ended
        except Exception as problem:
            self.ledger.surprise(f"{type(problem).__name__}: {problem}")
        finally:
            self.ledger.hang_up(self.caller)

    def _step(self) -> None:
        self._come_too_late()
        if not self.hand and not self._claim():
            self._wait(*ASKS_AGAIN)
        elif self.hand:
            habit = self._next_habit()
            habit(self.hand[next(iter(self.hand))])

    def _next_habit(self) -> Callable[[Lease], None]:
        habits = self.habits
        acts: dict[Callable[[Lease], None], int] = {
            self._submit: habits.submit,
            self._double: habits.double,
            self._prefetch: habits.prefetch,
            self._burst: habits.burst,
            self._skip: habits.skip,
            self._release: habits.release,
            self._stall: habits.stall if self.ledger.share < STALLS_UNTIL else 0,
            self._heartbeat: habits.heartbeat,
            self._reload: habits.reload,
            self._undo: habits.undo,
        }
        return self.chance.choices(list(acts), list(acts.values()))[0]

    # Claiming

    @property
    def _holding(self) -> list[str]:
        """What it believes to hold, the tasks included that it sleeps over."""
        return [*self.hand, *self.stalled]

    def _claim(self) -> bool:
        answer = self._post(f"campaigns/{self.course.campaign}/claim", {"holding": self._holding})
        if answer.status == 409 and answer.body["code"] == "hand_full" and self.stalled:
            return False  # of the tasks that it sleeps over
        self._expect(answer, 200, 204)
        return self._take(answer.body)

    def _take(self, lease: Lease | None) -> bool:
        if lease is not None:
            self.hand[lease["assignment"]] = lease
        return lease is not None

    def _prefetch(self, _lease: Lease) -> None:
        if len(self._holding) < self.habits.hand:
            self._claim()
            self.ledger.count("prefetched")

    def _reload(self, _lease: Lease) -> None:
        if self.stalled:  # those would come back too, and would not be late
            return
        answer = self._post(f"campaigns/{self.course.campaign}/claim", {"holding": []})
        self._expect(answer, 200)
        lease = answer.body  # or one that it gave up too late, and that nobody has taken back yet
        if self.hand.get(lease["assignment"], lease)["token"] != lease["token"]:
            raise Unexpected("a lease that is held has another token now")
        self._take(lease)
        self.ledger.count("reloaded")

    # Giving back

    def _skip(self, lease: Lease) -> None:
        body = {"token": lease["token"], "reason": "other"}
        self._give_back(lease, "skip", body)

    def _release(self, lease: Lease) -> None:
        self._give_back(lease, "release", {"token": lease["token"]})

    def _give_back(self, lease: Lease, how: str, body: Body) -> None:
        self._expect(self._post(f"assignments/{lease['assignment']}/{how}", body), 204)
        del self.hand[lease["assignment"]]
        self.ledger.count({"skip": "skipped", "release": "released"}[how])

    def _heartbeat(self, lease: Lease) -> None:
        path = f"assignments/{lease['assignment']}/heartbeat"
        self._expect(self._post(path, {"token": lease["token"]}), 200)

    # Submitting

    def _submit(self, lease: Lease) -> None:
        self._send(lease, self._judged(lease, more=self.chance.random() < 0.8))

    def _double(self, lease: Lease) -> None:
        """A double click: two connections, one judgment."""
        body = self._judged(lease, more=True)
        twin = Caller(self.caller.port, self.caller.token, self.caller.chance, self.caller.stopped)
        path = f"assignments/{lease['assignment']}/submit"
        with ThreadPoolExecutor(1) as pool:
            second = pool.submit(twin.post, path, body)
            first = self._post(path, body)
        self.ledger.hang_up(twin)
        self._hear(lease, body, first)
        self._hear(lease, body, second.result())
        self.ledger.count("doubled")

    def _burst(self, _lease: Lease) -> None:
        while len(self._holding) < self.habits.hand and self._claim():
            pass
        self.caller.close()
        judged = [(lease, self._judged(lease, more=False)) for lease in self.hand.values()]
        self._wait(0, OFFLINE)
        for lease, body in judged:
            self._send(lease, body)
        if self.chance.random() < 0.3:  # its outbox did not hear that all had arrived
            for lease, body in judged:
                self._send(lease, body)
        self.ledger.count("bursts")

    def _undo(self, lease: Lease) -> None:
        """One judgment counts in the end, the second; the first one's row must not."""
        body = self._judged(lease, more=False)
        answer = self._post(f"assignments/{lease['assignment']}/submit", body)
        self._expect(answer, 200, 201)
        back = self._post(f"judgments/{answer.body['judgment']}/withdraw", {})
        if back.status == 409 and back.body["code"] == "too_late_to_withdraw":
            self._hear(lease, body, answer)  # the servers were away for longer than one may think
            return
        self._expect(back, 200)
        if back.body["assignment"] != lease["assignment"] or back.body["token"] <= lease["token"]:
            raise Unexpected("a withdrawn judgment's task has another lease or no new token")
        again = lease | {"token": back.body["token"]}
        self.hand[lease["assignment"]] = again
        self._send(again, self._judged(again, more=False))
        self.ledger.count("undone")

    def _stall(self, lease: Lease) -> None:
        stalled = Stalled(lease, until_returned=self.chance.random() < 0.7)
        self.stalled[lease["assignment"]] = stalled
        del self.hand[lease["assignment"]]
        self.overdue.let_run_out(stalled.lent)
        self.ledger.count("stalled")

    def _come_too_late(self) -> None:
        for assignment, stalled in list(self.stalled.items()):
            due = self.overdue.returned if stalled.until_returned else self.overdue.expired
            if stalled.lent in due:
                body = self._judged(stalled.lease, more=False)
                answer = self._post(f"assignments/{assignment}/submit", body)
                self._expect(answer, 409, code="lease_lost")
                self.ledger.keep_late(body["submission_id"], assignment)
                del self.stalled[assignment]

    def _judged(self, lease: Lease, *, more: bool) -> Body:
        ratings = [
            {"response": label, "criterion": slug, "value": self.chance.randint(1, 5)}
            for label in "AB"
            for slug in self.course.criteria
        ]
        choice = self.chance.choice(["A", "B", "tie"])
        return {
            "token": lease["token"],
            "submission_id": str(uuid.UUID(int=self.chance.getrandbits(128), version=4)),
            "claim_next": more,
            "holding": [each for each in self._holding if each != lease["assignment"]],
            "ratings": ratings,
            "preferences": [{"criterion": None, "choice": choice}],
        }

    def _send(self, lease: Lease, body: Body) -> None:
        self._hear(lease, body, self._post(f"assignments/{lease['assignment']}/submit", body))

    def _hear(self, lease: Lease, body: Body, answer: Answer) -> None:
        self._expect(answer, 200, 201)
        assignment = lease["assignment"]
        self.ledger.acknowledge(body["submission_id"], answer.body["judgment"], assignment)
        self.hand.pop(assignment, None)
        self._take(answer.body["next"])

    # The line

    def _post(self, path: str, body: Body) -> Answer:
        return self.caller.post(path, body)

    def _expect(self, answer: Answer, *statuses: int, code: str = "") -> None:
        if answer.status not in statuses or (code and answer.body["code"] != code):
            raise Unexpected(f"{answer.status} {answer.body}")

    def _wait(self, least: float, most: float) -> None:
        if self.ledger.stopped.wait(self.chance.uniform(least, most)):
            raise Stopped


def start_clients(
    course: Course, ledger: Ledger, overdue: Overdue, *, seed: int, habits: Habits
) -> Sequence[threading.Thread]:
    """Each in a thread of its own, with choices that follow from the seed and its number."""
    threads = []
    for nth, token in enumerate(course.tokens):
        chance = Random(f"{seed}-{nth}")  # noqa: S311  choices that can be made again
        caller = Caller(overdue.up.port, token, Random(nth), ledger.stopped)  # noqa: S311
        client = Client(course, ledger, overdue, habits, caller, chance)
        threads.append(threading.Thread(target=client.work, name=f"racer-{nth}", daemon=True))
    for each in threads:
        each.start()
    return threads
