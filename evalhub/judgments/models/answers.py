"""What a judgment says, a row for each answer."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from evalhub.judgments.models.judgment import Judgment
from evalhub.prompts.models import Completion
from evalhub.rubrics.models import Criterion


class Rating(models.Model):
    """A value on one criterion for one completion; None means that the person could not tell.

    Without a completion it is about the prompt alone (a label task).
    """

    judgment = models.ForeignKey(Judgment, models.PROTECT, related_name="ratings", db_index=False)
    completion = models.ForeignKey(
        Completion, models.PROTECT, null=True, blank=True, related_name="ratings"
    )
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="ratings")
    turn = models.PositiveSmallIntegerField(null=True, blank=True)
    # the place of an assistant's turn in the prompt's messages; None: the completion
    value = models.SmallIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=40, blank=True)  # why there is no value
    comment = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["judgment", "completion", "criterion", "turn"],
                nulls_distinct=False,
                name="one_rating_per_question",
            ),
            models.CheckConstraint(
                condition=Q(value__isnull=False) | ~Q(reason=""), name="missing_rating_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.criterion_id}: {self.value}"


class Preference(models.Model):
    """Which of two completions was preferred; `criterion` None means overall."""

    judgment = models.ForeignKey(
        Judgment, models.PROTECT, related_name="preferences", db_index=False
    )
    criterion = models.ForeignKey(Criterion, models.PROTECT, null=True, blank=True, db_index=False)
    first = models.ForeignKey(Completion, models.PROTECT, related_name="+")
    second = models.ForeignKey(Completion, models.PROTECT, related_name="+")
    margin = models.SmallIntegerField()  # -3…3, above 0 towards `first`; 0 is a tie
    both_bad = models.BooleanField(default=False)
    comment = models.TextField(blank=True, db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["judgment", "criterion"],
                nulls_distinct=False,
                name="one_preference_per_question",
            ),
            models.CheckConstraint(condition=~Q(first=F("second")), name="preference_between_two"),
            models.CheckConstraint(
                condition=Q(margin__gte=-3, margin__lte=3), name="margin_within_three"
            ),
            models.CheckConstraint(
                condition=Q(both_bad=False) | Q(margin=0), name="both_bad_is_a_tie"
            ),
        ]
        indexes = [
            models.Index(
                fields=["criterion"],
                name="preference_on_criterion",
                condition=Q(criterion__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.margin:+d}"


class RankedCompletion(models.Model):
    """One completion's tier in a ranking: 0 is best, equal tiers are ties."""

    judgment = models.ForeignKey(Judgment, models.PROTECT, related_name="ranking", db_index=False)
    completion = models.ForeignKey(Completion, models.PROTECT, related_name="+")
    tier = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["judgment", "tier", "completion"]
        constraints = [
            models.UniqueConstraint(
                fields=["judgment", "completion"], name="completion_ranked_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.completion_id} at {self.tier}"


class Correction(models.Model):
    """The person's own version of a completion: better than the original by their word."""

    judgment = models.ForeignKey(
        Judgment, models.PROTECT, related_name="corrections", db_index=False
    )
    completion = models.ForeignKey(Completion, models.PROTECT, related_name="corrections")
    content = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["judgment", "completion"], name="completion_corrected_once"
            ),
            models.CheckConstraint(condition=~Q(content=""), name="correction_is_not_empty"),
        ]

    def __str__(self) -> str:
        return self.content[:80]


class Demonstration(models.Model):
    """The answer that the person wrote to the prompt themselves."""

    judgment = models.OneToOneField(Judgment, models.PROTECT, related_name="demonstration")
    content = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(content=""), name="demonstration_is_not_empty")
        ]

    def __str__(self) -> str:
        return self.content[:80]
