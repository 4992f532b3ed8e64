from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from evalhub.common.models import one_of
from evalhub.judgments.choices import Evidence, StepVerdict
from evalhub.judgments.models.judgment import Judgment
from evalhub.prompts.models import Completion


class Span(models.Model):
    """A marked passage: what is wrong with it, or whether the sources bear it out.

    `start` and `end` are offsets into the raw text, in Unicode code points, of the completion; of
    the prompt's last turn where there is no completion. The evidence is a passage of one of the
    prompt's documents, by the same measure.
    """

    judgment = models.ForeignKey(Judgment, models.PROTECT, related_name="spans", db_index=False)
    completion = models.ForeignKey(
        Completion, models.PROTECT, null=True, blank=True, related_name="spans"
    )
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    error_type = models.CharField(max_length=50, blank=True)  # a slug of the rubric version
    severity = models.CharField(max_length=50, blank=True)
    evidence = models.CharField(max_length=15, choices=Evidence.choices, blank=True)
    document = models.PositiveSmallIntegerField(null=True, blank=True)
    document_start = models.PositiveIntegerField(null=True, blank=True)
    document_end = models.PositiveIntegerField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["judgment", "completion", "start", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["judgment", "completion", "start", "end", "error_type"],
                nulls_distinct=False,
                name="passage_marked_once_per_error_type",
            ),
            models.CheckConstraint(condition=Q(start__lt=F("end")), name="span_start_before_end"),
            models.CheckConstraint(
                condition=~Q(error_type="") | ~Q(evidence=""), name="span_says_something"
            ),
            models.CheckConstraint(
                condition=Q(
                    document__isnull=True,
                    document_start__isnull=True,
                    document_end__isnull=True,
                )
                | Q(document__isnull=False, document_start__lt=F("document_end")),
                name="evidence_names_its_passage",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.start}–{self.end} {self.error_type or self.evidence}"


class JudgedStep(models.Model):
    """One step of a completion's reasoning and what it is worth; `start` and `end` as in Span."""

    judgment = models.ForeignKey(Judgment, models.PROTECT, related_name="steps", db_index=False)
    completion = models.ForeignKey(Completion, models.PROTECT, related_name="+")
    step = models.PositiveSmallIntegerField()  # from 0
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    verdict = models.CharField(max_length=12, choices=StepVerdict.choices)

    class Meta:
        ordering = ["judgment", "completion", "step"]
        constraints = [
            models.UniqueConstraint(
                fields=["judgment", "completion", "step"], name="step_judged_once"
            ),
            one_of("step_verdict_known", "verdict", StepVerdict),
        ]

    def __str__(self) -> str:
        return f"step {self.step}: {self.verdict}"


class JudgedToolCall(models.Model):
    """One tool call of a completion: was it the right tool, and had it the right arguments?"""

    judgment = models.ForeignKey(
        Judgment, models.PROTECT, related_name="tool_calls", db_index=False
    )
    completion = models.ForeignKey(Completion, models.PROTECT, related_name="+")
    call = models.PositiveSmallIntegerField()  # from 0
    right_tool = models.BooleanField()
    right_arguments = models.BooleanField(null=True, blank=True)  # None where the tool is wrong

    class Meta:
        ordering = ["judgment", "completion", "call"]
        constraints = [
            models.UniqueConstraint(
                fields=["judgment", "completion", "call"], name="tool_call_judged_once"
            ),
            models.CheckConstraint(
                condition=Q(right_tool=False) | Q(right_arguments__isnull=False),
                name="right_tool_has_its_arguments_judged",
            ),
        ]

    def __str__(self) -> str:
        return f"call {self.call}: {self.right_tool}, {self.right_arguments}"
