from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Task
from evalhub.common.models import PublicModel, one_of
from evalhub.judgments.choices import Preset
from evalhub.judgments.models.judgment import Judgment


class ExpertAnswer(PublicModel):
    """What an expert says about a task, and why: shown after practice, compared with gold.

    `answers` has the shape of a submit's answers, with A for the task's first completion. What
    else passes, where it is gold, is said by `tolerance`, `also` and `cannot_tell_fails`.

    gold: stands -> withdrawn, when an appeal is upheld or a lead takes it back; the task is a
    normal one again, and an expert may answer it anew.
    """

    task = models.OneToOneField(Task, models.PROTECT, related_name="expert_answer")
    answers: models.JSONField[dict[str, Any]] = models.JSONField()
    reason = models.TextField(blank=True)  # Markdown
    written_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True)
    source = models.ForeignKey(
        Judgment, models.PROTECT, null=True, blank=True, related_name="+"
    )  # whose words these are; neither its author nor `written_by` is measured by them
    tolerance = models.PositiveSmallIntegerField(default=0, db_default=0)  # points of a scale
    also: models.JSONField[dict[str, list[str]]] = models.JSONField(default=dict, blank=True)
    # {field of the form: values that pass beside the expert's own}
    cannot_tell_fails = models.BooleanField(default=False, db_default=False)
    doubted_at = models.DateTimeField(null=True, blank=True)  # good people fail it; leads were told
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Expert answer to {self.task_id}"


class ReturnedJudgment(PublicModel):
    """A reviewer handed a judgment back to its author; a revision of it settles the matter."""

    judgment = models.OneToOneField(Judgment, models.PROTECT, related_name="returned")
    reason = models.TextField()
    returned_by = models.ForeignKey(Member, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="a_return_says_why")]

    def __str__(self) -> str:
        return f"{self.judgment_id}: {self.reason[:80]}"


class DeskSettings(models.Model):
    """How a member likes to work: their keys, and whether the page goes on by itself."""

    member = models.OneToOneField(Member, models.PROTECT, related_name="desk")
    preset = models.CharField(max_length=10, choices=Preset.choices, default=Preset.EVALHUB.value)
    keys: models.JSONField[dict[str, str]] = models.JSONField(default=dict, blank=True)
    # {act: key}, where it differs from the preset
    auto_advance = models.BooleanField(default=True)  # to the next question after an answer
    auto_submit = models.BooleanField(default=False)  # when the last question is answered

    class Meta:
        constraints = [one_of("desk_preset_known", "preset", Preset)]

    def __str__(self) -> str:
        return f"Desk of {self.member_id}"
