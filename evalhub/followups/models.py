from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign, Task
from evalhub.common.models import PublicModel, one_of
from evalhub.followups.choices import Finding, FollowUpState, Learnt
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Collection, Completion
from evalhub.registry.models import LanguageModel
from evalhub.rubrics.models import Criterion, RubricVersion
from evalhub.runs.models import Run


def sources_of(*, accepts_simulated: bool) -> list[Source]:
    return [Source.HUMAN, Source.IMPORTED, *([Source.SIMULATED] if accepts_simulated else [])]


class FollowUp(PublicModel):
    """Did a model learn what people said? It answers the prompts whose answers they corrected or
    criticised, and others judge old, edit and new without knowing which is which.

    answering -> open -> counting -> done;  answering -> counting | failed;  counting -> failed
    It is about the judgments of one campaign, or on the prompts of one collection.
    `ranking` asks about answers with an edit, `comparison` about those without.
    left_out: complaints that are not followed, by why: {"beyond", "other_question", "unanswered"}.
    figures: see `counting.figures_of`; empty until it is done.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="follow_ups")
    model = models.ForeignKey(LanguageModel, models.PROTECT, related_name="follow_ups")
    campaign = models.ForeignKey(
        Campaign, models.PROTECT, null=True, blank=True, related_name="follow_ups"
    )
    collection = models.ForeignKey(
        Collection, models.PROTECT, null=True, blank=True, related_name="follow_ups"
    )
    rubric_version = models.ForeignKey(RubricVersion, models.PROTECT, related_name="+")
    votes = models.PositiveSmallIntegerField()  # judgments on each task
    accepts_simulated = models.BooleanField(default=False, db_default=False)
    # whether what simulated members said is followed, and their votes count
    state = models.CharField(
        max_length=10, choices=FollowUpState.choices, default=FollowUpState.ANSWERING.value
    )
    run = models.OneToOneField(Run, models.PROTECT, related_name="+")
    ranking = models.OneToOneField(
        Campaign, models.PROTECT, null=True, blank=True, related_name="follow_up_ranking"
    )
    comparison = models.OneToOneField(
        Campaign, models.PROTECT, null=True, blank=True, related_name="follow_up_comparison"
    )
    prompts = models.PositiveIntegerField()
    left_out: models.JSONField[dict[str, int]] = models.JSONField(default=dict, blank=True)
    figures: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    created_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    ended_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            one_of("follow_up_state_known", "state", FollowUpState),
            models.CheckConstraint(
                condition=Q(campaign__isnull=False, collection=None)
                | Q(campaign=None, collection__isnull=False),
                name="follow_up_of_a_campaign_or_a_collection",
            ),
            models.CheckConstraint(condition=Q(votes__gte=1), name="follow_up_asks_somebody"),
        ]

    def __str__(self) -> str:
        return f"{self.model} on {self.about}"

    @property
    def about(self) -> Campaign | Collection:
        about = self.campaign or self.collection
        if about is None:
            raise ValueError("a follow-up of nothing")  # the constraint forbids it
        return about

    @property
    def sources(self) -> list[Source]:
        """Whose word counts, of those who complained and of those who are asked."""
        return sources_of(accepts_simulated=self.accepts_simulated)

    @property
    def campaigns(self) -> list[Campaign]:
        """Where people are asked."""
        return [each for each in (self.ranking, self.comparison) if each is not None]

    @property
    def is_running(self) -> bool:
        return self.state in (FollowUpState.ANSWERING, FollowUpState.OPEN)


class Complaint(PublicModel):
    """What one judgment found wrong with one answer: on a criterion, or overall (None).

    The words stay with the judgment. `value` is the rating, on the scale of `criterion`; `edit` is
    the better version that its author wrote, `answer` what the model says now.
    found: of the raters, {"raters", "old", "new"} on a criterion, else {"raters", "gain", "edit"};
    {"by_itself"} where nobody had to be asked; see `rule`.
    """

    follow_up = models.ForeignKey(FollowUp, models.PROTECT, related_name="complaints")
    judgment = models.ForeignKey(Judgment, models.PROTECT, related_name="complaints")
    old = models.ForeignKey(Completion, models.PROTECT, related_name="+")
    criterion = models.ForeignKey(
        Criterion, models.PROTECT, null=True, blank=True, related_name="+"
    )
    value = models.SmallIntegerField(null=True, blank=True)
    edit = models.ForeignKey(Completion, models.PROTECT, null=True, blank=True, related_name="+")
    answer = models.ForeignKey(Completion, models.PROTECT, null=True, blank=True, related_name="+")
    task = models.ForeignKey(Task, models.PROTECT, null=True, blank=True, related_name="+")
    learnt = models.CharField(max_length=10, choices=Learnt.choices, blank=True)
    finding = models.CharField(max_length=10, choices=Finding.choices, blank=True)
    found: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["follow_up", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["follow_up", "judgment", "old", "criterion"],
                nulls_distinct=False,
                name="complaint_followed_once",
            ),
            models.CheckConstraint(
                condition=Q(finding__in=["", *Finding.values]), name="finding_known"
            ),
            models.CheckConstraint(
                condition=Q(learnt__in=["", *Learnt.values]), name="learnt_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.judgment_id} on {self.old_id}: {self.criterion or 'overall'}"
