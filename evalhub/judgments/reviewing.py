"""What reviewers have to do, and what they found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.judgments.choices import Verdict
from evalhub.judgments.models import Review
from evalhub.stats.proportions import Share, wilson


@dataclass(frozen=True)
class Reviewed:
    """What reviewers found of one person's work in a campaign."""

    author: str
    waiting: int
    accepted: int
    fixed: int
    returned: int

    @property
    def n(self) -> int:
        return self.accepted + self.fixed + self.returned

    @property
    def acceptance(self) -> Share:
        return wilson(self.accepted, self.n)


def found_in(campaign: Campaign) -> list[Reviewed]:
    """By author, by name; everybody of whose work something was drawn."""
    rows = Review.objects.filter(campaign=campaign).values("author").order_by("author__pseudonym")
    counted = rows.annotate(
        waiting=Count("pk", filter=Q(verdict="")),
        **{each.value: Count("pk", filter=Q(verdict=each)) for each in Verdict},
    )
    names = ("author__pseudonym", "waiting", *Verdict.values)
    return [Reviewed(*row) for row in counted.values_list(*names)]


def waiting_for_review(campaigns: Sequence[Campaign], member: Member) -> dict[int, int]:
    """How many judgments wait that `member` may review, by the campaign's key."""
    rows = Review.objects.waiting().filter(campaign__in=campaigns).exclude(author=member)
    counted = rows.order_by("campaign").values("campaign").annotate(waiting=Count("pk"))
    return dict(counted.values_list("campaign", "waiting"))
