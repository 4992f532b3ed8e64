"""What a Loop waits for until its next Round, in words, and whether all of it has come."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from evalhub.loops.choices import RoundState
from evalhub.loops.conditions import Schedule, Start
from evalhub.loops.figures import new_judgments, watched_campaign
from evalhub.loops.models import Loop, Round
from evalhub.loops.policy import Policy
from evalhub.quality.watching import agreement_in


@dataclass(frozen=True)
class Wait:
    sentence: str
    is_over: bool


@dataclass(frozen=True)
class Readiness:
    """`holds` says why no Round starts by itself whatever has come; empty: nothing holds it."""

    when: str  # hand, any, all
    waits: list[Wait] = field(default_factory=list)
    holds: str = ""

    @property
    def is_due(self) -> bool:
        if self.when == "hand" or self.holds or not self.waits:
            return False
        came = [wait.is_over for wait in self.waits]
        return any(came) if self.when == "any" else all(came)

    @property
    def because(self) -> str:
        """What had come, for the Round that it started."""
        return "; ".join(wait.sentence for wait in self.waits if wait.is_over)


def readiness_of(loop: Loop, policy: Policy) -> Readiness:
    """Reads everything anew; nothing is changed."""
    start = policy.start
    if start.when == "hand":
        return Readiness("hand")
    last = loop.rounds.filter(candidate=None).order_by("-number").first()
    return Readiness(start.when, _waits(loop, policy, last), _hold(loop, policy, last))


def _hold(loop: Loop, policy: Policy, last: Round | None) -> str:
    if loop.paused_at is not None:
        return "The Loop is paused."
    running = loop.rounds.filter(state=RoundState.RUNNING).first()
    if running is not None:
        return f"Round {running.number} is running."
    if last is not None and last.state != RoundState.SUCCEEDED:
        return f"Round {last.number} has {last.state}: resume it, or start the next one by hand."
    if not new_judgments(loop, policy).exists():
        return "No judgment is new since the last Round, so there is nothing more to learn."
    return ""


def _waits(loop: Loop, policy: Policy, last: Round | None) -> list[Wait]:
    start = policy.start
    waits = []
    if start.judgments is not None:
        waits.append(_judgments(loop, policy, start.judgments))
    if start.agreement is not None:
        waits.append(_agreement(loop, policy, start.agreement))
    if start.schedule is not None:
        waits.append(_schedule(loop, last, start.schedule))
    return waits


def _judgments(loop: Loop, policy: Policy, wanted: int) -> Wait:
    count = new_judgments(loop, policy)[:wanted].count()  # no more are counted than are asked for
    return Wait(f"{count:,} of {wanted:,} new judgments", count >= wanted)


def _agreement(loop: Loop, policy: Policy, bar: float) -> Wait:
    campaign = watched_campaign(loop)
    seen = agreement_in(campaign, policy.sources, fewest=policy.pause.fewest) if campaign else None
    if seen is None:
        told = f"agreement over {bar:.2f}: too few tasks were judged twice to tell it yet"
        return Wait(told, is_over=False)
    return Wait(f"agreement over {bar:.2f}: it is {seen:.2f}", seen > bar)


def _schedule(loop: Loop, last: Round | None, schedule: Schedule) -> Wait:
    due = schedule.next_after(last.created_at if last else loop.created_at)
    is_over = due <= timezone.now()
    return Wait(f"{'since' if is_over else 'from'} {moment_in(schedule, due)} on", is_over)


def moment_in(schedule: Schedule, moment: datetime) -> str:
    """A moment in the schedule's own zone: "Mon 30 Nov 2026, 06:00 (Europe/Berlin)"."""
    there = moment.astimezone(ZoneInfo(schedule.zone))
    return f"{there:%a} {there.day} {there:%b %Y, %H:%M} ({schedule.zone})"


def in_words(start: Start) -> str:
    """How the waits combine, as the lead of their list."""
    return {
        "hand": "A person starts each Round.",
        "any": "A Round starts by itself as soon as one of these has come:",
        "all": "A Round starts by itself once all of these have come:",
    }[start.when]
