from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.common.models import PublicModel
from evalhub.judgments.choices import Verdict
from evalhub.judgments.models.judgment import Judgment


class ReviewQuerySet(models.QuerySet["Review"]):
    def waiting(self) -> Self:
        return self.filter(verdict="")

    def settled(self) -> Self:
        return self.exclude(verdict="")

    def free_for(self, member: Member) -> Self:
        """What `member` may look at now: not their own, and in nobody else's hands."""
        is_free = Q(reviewer=None) | Q(reviewer=member) | Q(held_until__lt=timezone.now())
        standing = Q(judgment__superseded_by=None, judgment__withdrawn_at=None)
        return self.waiting().filter(is_free, standing).exclude(author=member)


class Review(PublicModel):
    """A judgment that was drawn for review, who looks at it, and what they found.

    waiting -> accepted | fixed | returned; `reviewer` holds it until `held_until`, then whoever
    gives the verdict. A revision that comes before the verdict takes the judgment's place here.
    """

    judgment = models.OneToOneField(Judgment, models.PROTECT, related_name="review")
    campaign = models.ForeignKey(
        Campaign, models.PROTECT, related_name="reviews", db_index=False
    )  # the indexes below begin with it
    author = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    reviewer = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    held_until = models.DateTimeField(null=True, blank=True)
    verdict = models.CharField(max_length=10, choices=Verdict.choices, blank=True, default="")
    reviewed_at = models.DateTimeField(null=True, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=["", *Verdict.values]), name="review_verdict_known"
            ),
            models.CheckConstraint(
                condition=~Q(reviewer=F("author")), name="nobody_reviews_their_own"
            ),
            models.CheckConstraint(
                condition=Q(verdict="")
                | Q(reviewer__isnull=False, reviewed_at__isnull=False, held_until=None),
                name="a_verdict_is_somebodys",
            ),
        ]
        indexes = [
            models.Index(fields=["campaign", "id"], name="review_waiting", condition=Q(verdict="")),
            models.Index(fields=["campaign", "author", "verdict"], name="review_by_author"),
        ]

    def __str__(self) -> str:
        return f"Review of {self.judgment_id}: {self.verdict or 'waiting'}"
