from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evalhub.campaigns.choices import CampaignState
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.queries import campaigns_for, submitted_by
from evalhub.common.spreadsheets import csv_lines
from evalhub.judgments.pace import Person, people_of
from evalhub.links.models import JoinLink, Participant
from evalhub.reports.choices import ReportKind

HEAD = (
    "external_id", "study_id", "session_id", "pseudonym", "joined_at", "tasks", "active_seconds",
    "finished_at",
)  # fmt: skip


@dataclass(frozen=True)
class Joined:
    """A participant with what they have done."""

    participant: Participant
    judged: int
    active_ms: int


@dataclass(frozen=True)
class Agreed:
    """How far people agree on one question, as a client may know it: figures, and nothing of anybody."""

    question: str
    alpha: Mapping[str, float | None]  # `value`, and its 95 % interval `low` to `high`
    undefined: str | None  # why there is no value
    verdict: str
    answers: int


@dataclass(frozen=True)
class Agreement:
    made_at: datetime
    questions: list[Agreed]


def agreement_in(campaign: Campaign) -> Agreement | None:
    """By the newest report that is made; None: nobody has computed one.

    The report names people and tasks too: what is not copied here goes to no client.
    """
    made = campaign.reports.filter(kind=ReportKind.AGREEMENT, made_at__isnull=False)
    found = made.values_list("made_at", "body").first()
    made_at, body = found or (None, {})
    if made_at is None:
        return None
    return Agreement(made_at, [_agreed(each) for each in body["questions"]])


def judged_by(participant: Participant) -> int:
    campaign = participant.link.campaign_id
    return submitted_by(participant.member, [campaign]).get(campaign, 0)


def is_done(participant: Participant) -> bool:
    """They judged what the link asks for; or something, and nothing is left for them."""
    judged = judged_by(participant)
    if judged >= participant.link.tasks or not judged:
        return judged > 0
    state = participant.link.campaign.state
    if state != CampaignState.OPEN:
        return state == CampaignState.CLOSED
    return not any(row.has_more for row in campaigns_for(participant.member))


def people_by(link: JoinLink) -> list[Joined]:
    """Who came by the link, the newest first."""
    done = {person.member.pk: person for person in people_of(link.campaign)}
    rows = link.participants.select_related("member").order_by("-pk")
    return [_with_work(row, done.get(row.member_id)) for row in rows]


def people_csv(people: Iterable[Joined]) -> Iterator[str]:
    return csv_lines(HEAD, (_row(each) for each in people))


def _agreed(question: Mapping[str, Any]) -> Agreed:  # Any: JSON
    alpha = {name: question["alpha"][name] for name in ("value", "low", "high")}
    return Agreed(
        question=question["question"],
        alpha=alpha,
        undefined=question["undefined"],
        verdict=question["verdict"],
        answers=question["answers"],
    )


def _with_work(participant: Participant, person: Person | None) -> Joined:
    if person is None:
        return Joined(participant, 0, 0)
    return Joined(participant, person.judged, person.active_ms)


def _row(each: Joined) -> tuple[object, ...]:
    row = each.participant
    return (
        row.external_id,
        row.study_id,
        row.session_id,
        row.member.pseudonym,
        row.created_at.isoformat(timespec="seconds"),
        each.judged,
        each.active_ms / 1000,
        row.finished_at.isoformat(timespec="seconds") if row.finished_at else "",
    )
