"""Judgments of simulated members, through the same claim and submit as everybody's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from string import ascii_uppercase
from uuid import NAMESPACE_URL, UUID, uuid5

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.queries import criteria_of
from evalhub.campaigns.services.claim import Lease, claim_next
from evalhub.demo.taste import MARKS, STYLES, Taste
from evalhub.judgments.body import PreferenceGiven, RatingGiven, SubmitBody
from evalhub.judgments.services.submit import submit_judgment

_MIDDLE = 3  # of 1 to 5, for a criterion that the taste knows nothing of


def judge_all(*, campaign: Campaign, by: Member) -> Iterator[UUID]:
    """Judge what is left for `by`, one task at each step; yield each judgment's uid."""
    criteria = [criterion.slug for criterion in criteria_of(campaign.rubric_version_id)]
    taste = Taste(by.pseudonym)
    lease = claim_next(campaign=campaign, member_pk=by.pk)
    while lease is not None:
        body = _answers(lease, TaskType(campaign.type), criteria, taste)
        stored = submit_judgment(assignment=lease.assignment, member_pk=by.pk, body=body)
        yield stored.judgment
        lease = stored.next


def _answers(lease: Lease, type_: TaskType, criteria: Sequence[str], taste: Taste) -> SubmitBody:
    seen = dict(
        zip(
            ascii_uppercase,
            taste.styles(
                lease.conversation[-1]["content"], [each.content for each in lease.responses]
            ),
            strict=False,
        )
    )
    return SubmitBody(
        token=lease.token,
        submission_id=uuid5(NAMESPACE_URL, f"evalhub:demo:{lease.assignment}:{lease.token}"),
        claim_next=True,
        ratings=_ratings(seen, criteria) if type_ == TaskType.RATING else [],
        preferences=[_preference(seen)] if type_ == TaskType.COMPARISON else [],
        ranking=_ranking(seen) if type_ == TaskType.RANKING else [],
    )


def _ratings(seen: dict[str, str], criteria: Sequence[str]) -> list[RatingGiven]:
    return [
        RatingGiven(response=label, criterion=slug, value=MARKS.get(slug, {}).get(style, _MIDDLE))
        for label, style in seen.items()
        for slug in criteria
    ]


def _preference(seen: dict[str, str]) -> PreferenceGiven:
    """Stronger the further apart the two styles are."""
    gap = STYLES.index(seen["B"]) - STYLES.index(seen["A"])
    if gap == 0:
        return PreferenceGiven(choice="tie")
    return PreferenceGiven(choice="A" if gap > 0 else "B", strength=1 + abs(gap))


def _ranking(seen: dict[str, str]) -> list[list[str]]:
    ordered = sorted(seen, key=lambda label: (STYLES.index(seen[label]), label))
    return [list(tier) for _, tier in groupby(ordered, key=lambda label: seen[label])]
