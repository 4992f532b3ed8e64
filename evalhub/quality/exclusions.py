"""What leaving somebody out of a campaign would change, before anybody decides it. Shapes: R answers, U units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import numpy as np
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.expressions import RawSQL

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import Origin
from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment
from evalhub.quality.arrays import said_in
from evalhub.quality.plain import plain_of
from evalhub.quality.questions import Asked, questions_of


class Report(Protocol):
    def __call__(self, *, done: int, total: int) -> object: ...


@dataclass(frozen=True)
class Changed:
    """One question."""

    name: str
    version: int | None
    answers: int  # theirs
    alone: int  # things that nobody else has answered, which would have no answer any more
    other: int  # things whose majority, or mean to the nearest point, would be another or undecided


@dataclass(frozen=True)
class Without:
    """A campaign without one person."""

    judgments: int
    tasks: int
    questions: list[Changed]


def without(
    campaign: Campaign, member: Member, *, report: Report = lambda *, done, total: None
) -> Without:
    """What changes when nothing that `member` said counts; reads only tasks that they judged.

    Args:
        report: told how many of the steps are done: finding the tasks, reading them, and each question.
    """
    report(done=0, total=2)
    theirs = list(_said_by(campaign, member).order_by().values_list("task", flat=True))
    near = said_in(campaign).filter(task__in=_few(theirs)).order_by()
    said = Judgment.objects.filter(pk__in=_few(list(near.values_list("pk", flat=True))))
    report(done=1, total=2)
    asked = list(questions_of(campaign, said=said, is_few=True))
    questions = []
    for nth, each in enumerate(asked):
        report(done=2 + nth, total=2 + len(asked))
        questions.append(_changed(each.given(), member.pk))
    return Without(
        judgments=len(theirs),
        tasks=len(set(theirs)),
        questions=[each for each in questions if each.answers],
    )


def _few(keys: list[int]) -> RawSQL:
    """As one array, of which the planner thinks that it is short: it goes by an index, key by key."""
    return RawSQL("SELECT unnest(%s::bigint[])", [keys])


def _said_by(campaign: Campaign, member: Member) -> QuerySet[Judgment]:
    """What a member said, found by what they held; an imported judgment was never held."""
    if campaign.origin == Origin.IMPORTED:
        return said_in(campaign).filter(member=member)
    return said_in(campaign).filter(assignment__member=member)


def people_in(campaign: Campaign) -> list[Member]:
    """Whoever judged, by name: a look for each of the few people, not a walk over all that was said."""
    judged = Judgment.objects.filter(campaign=campaign, member=OuterRef("pk"))
    return list(campaign.workspace.members.filter(Exists(judged)).order_by("pseudonym", "pk"))


def judged_in(campaign: Campaign, uid: UUID) -> Member | None:
    """Of these the one that is named."""
    return next((each for each in people_in(campaign) if each.uid == uid), None)


def _changed(asked: Asked, member: int) -> Changed:
    theirs_R = asked.member_R == member
    is_theirs_U = np.bincount(asked.unit_R, theirs_R, minlength=1) > 0
    before_U, after_U = plain_of(asked), plain_of(asked, ~theirs_R)
    left_U = np.bincount(asked.unit_R, ~theirs_R, minlength=1)
    differs_U = ~np.isclose(before_U, after_U, equal_nan=True) & (left_U > 0)
    return Changed(
        name=asked.name,
        version=asked.version,
        answers=int(theirs_R.sum()),
        alone=int((is_theirs_U & (left_U == 0)).sum()),
        other=int(differs_U.sum()),
    )
