from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q, TextChoices
from django.utils.translation import gettext_lazy as _

from evalhub.accounts.models import Workspace, slug_rule
from evalhub.common.models import PublicModel, one_of


class ScaleKind(TextChoices):
    SCALE = "scale", _("a scale: each point is more than the one before")
    YES_NO = "yes_no", _("yes or no")
    CHOICE = "choice", _("one of several, in no order")
    NUMBER = "number", _("a whole number")
    TEXT = "text", _("words of their own")


class Carrying(TextChoices):
    KEEP = "keep", _("keep: earlier answers count as they are")
    MAP = "map", _("map: earlier answers count as the table says")
    AGAIN = "again", _("ask again: no earlier answer counts")


POINTED = (ScaleKind.SCALE, ScaleKind.YES_NO, ScaleKind.CHOICE)  # one chooses from a few points


class Rubric(PublicModel):
    """The questions that annotators answer, in versions."""

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="rubrics")
    slug = models.CharField(max_length=50, validators=[slug_rule])
    name = models.CharField(max_length=100)

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "slug"], name="rubric_slug_once_per_workspace"
            )
        ]

    def __str__(self) -> str:
        return self.name


class RubricVersion(PublicModel):
    """One wording of a rubric. Frozen once published; a change is a new version."""

    rubric = models.ForeignKey(Rubric, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    guidelines = models.TextField(blank=True)  # Markdown, shown beside the form
    error_types: models.JSONField[list[dict[str, str]]] = models.JSONField(default=list, blank=True)
    severities: models.JSONField[list[dict[str, str]]] = models.JSONField(default=list, blank=True)
    # both [{"slug", "name", "description"}]: what a marked passage is, and how bad
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["rubric", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["rubric", "number"], name="one_row_per_rubric_version")
        ]

    def __str__(self) -> str:
        return f"{self.rubric} v{self.number}"

    @property
    def is_frozen(self) -> bool:
        return self.published_at is not None


class Criterion(PublicModel):
    """One question of a version, answered by a whole number, or in words (`text`).

    `yes_no` takes 0 and 1; a `choice` has no order, and its anchors are what one chooses from; a
    `number` has no anchors. It may be asked only where an earlier criterion has certain answers.
    """

    version = models.ForeignKey(RubricVersion, models.PROTECT, related_name="criteria")
    slug = models.CharField(max_length=50, validators=[slug_rule])
    name = models.CharField(max_length=100)
    question = models.CharField(max_length=500)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=ScaleKind.choices, default=ScaleKind.SCALE.value)
    low = models.SmallIntegerField(default=1)
    high = models.SmallIntegerField(default=5)
    anchors: models.JSONField[dict[str, Any]] = models.JSONField(
        default=dict, blank=True
    )  # {"1": text, …}
    examples: models.JSONField[dict[str, str]] = models.JSONField(default=dict, blank=True)
    # of answers that deserve a point, by point; not every point has one
    weight = models.PositiveSmallIntegerField(default=1)  # in a mean over criteria
    asked_if = models.CharField(max_length=50, blank=True)  # slug of an earlier criterion
    asked_if_values: models.JSONField[list[int]] = models.JSONField(default=list, blank=True)
    required = models.BooleanField(default=True)
    cannot_tell = models.BooleanField(default=True)  # whether "cannot tell" is an answer
    true_zero = models.BooleanField(default=False)  # of a number: 10 is twice as much as 5
    asks_comment = models.BooleanField(default=False)  # room for a word beside the value

    class Meta:
        ordering = ["version", "position"]
        verbose_name_plural = "criteria"
        constraints = [
            models.UniqueConstraint(fields=["version", "slug"], name="criterion_once_per_version"),
            models.CheckConstraint(condition=Q(low__lt=F("high")), name="criterion_low_below_high"),
            models.CheckConstraint(
                condition=~Q(kind=ScaleKind.YES_NO) | Q(low=0, high=1), name="yes_no_is_0_or_1"
            ),
            one_of("criterion_kind_known", "kind", ScaleKind),
            models.CheckConstraint(
                condition=Q(true_zero=False) | Q(kind=ScaleKind.NUMBER, low__gte=0),
                name="true_zero_is_of_numbers_from_0",
            ),
            models.CheckConstraint(condition=Q(weight__lte=100), name="weight_at_most_100"),
            models.CheckConstraint(
                condition=Q(asked_if="", asked_if_values=[])
                | (~Q(asked_if="") & ~Q(asked_if_values=[])),
                name="condition_names_its_answers",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def points(self) -> range:
        return range(self.low, self.high + 1)

    @property
    def has_points(self) -> bool:
        return self.kind in POINTED

    @property
    def is_compared(self) -> bool:
        """Whether one of two responses can be better in it, as a question of its own."""
        return self.kind != ScaleKind.TEXT and not self.asked_if

    def is_asked(self, answer: int | None) -> bool:
        """Whether it is asked where the criterion that it hangs on was answered by `answer`."""
        return not self.asked_if or answer in self.asked_if_values

    def words_for(self, value: int) -> str:
        """The value as a label: the choice's own text, yes or no, the number of a scale."""
        if self.kind == ScaleKind.YES_NO:
            return "yes" if value else "no"
        if self.kind == ScaleKind.CHOICE:
            return str(self.anchors.get(str(value), value))
        return str(value)

    @property
    def told_examples(self) -> list[tuple[str, str]]:
        """The label of a point and an answer that deserves it, the lowest point first."""
        known = [point for point in self.points[:10] if str(point) in self.examples]
        return [(self.words_for(point), self.examples[str(point)]) for point in known]

    @property
    def answers(self) -> list[tuple[str, str]]:
        """What one chooses from, as a reader sees it: a head (none for a choice) and its words."""
        if self.kind == ScaleKind.YES_NO:
            heads = [("1", str(_("yes"))), ("0", str(_("no")))]
            return [(head, str(self.anchors.get(point, ""))) for point, head in heads]
        if not self.has_points:
            return []
        words = [(str(point), str(self.anchors.get(str(point), ""))) for point in self.points]
        if self.kind == ScaleKind.CHOICE:
            return [("", text) for _point, text in words]
        return words


class CarryRule(PublicModel):
    """What becomes of answers under the version before, where the criterion had the same slug.

    Append-only: the newest rule of a criterion counts, and a snapshot reads those of its time.
    """

    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="carry_rules")  # later
    rule = models.CharField(max_length=5, choices=Carrying.choices)
    values: models.JSONField[dict[str, int]] = models.JSONField(default=dict, blank=True)
    # of `map`: {"earlier value": later value}; what is not in it does not count

    class Meta:
        ordering = ["pk"]
        constraints = [
            one_of("carry_rule_known", "rule", Carrying),
            models.CheckConstraint(
                condition=Q(rule=Carrying.MAP) & ~Q(values={})
                | ~Q(rule=Carrying.MAP) & Q(values={}),
                name="a_map_and_only_a_map_has_values",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.criterion}: {self.rule}"
