"""What gold says: about people, and about itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Campaign, Task
from evalhub.gold.drawing import people_shown
from evalhub.gold.models import GoldVerdict
from evalhub.gold.rule import Rule
from evalhub.judgments.models import ExpertAnswer
from evalhub.judgments.sheet import fields_from
from evalhub.stats.proportions import Share, wilson


@dataclass(frozen=True)
class GoldRow:
    """One gold and how it does."""

    gold: ExpertAnswer
    shown: int  # people who had it, in work or in an exam, or are to get it
    passed: Share  # of those who were measured by it

    @property
    def state(self) -> str:
        if self.gold.withdrawn_at is not None:
            return "withdrawn"
        return "doubted" if self.gold.doubted_at is not None else "stands"


def gold_of(campaign: Campaign) -> QuerySet[Task]:
    """Its gold that stands."""
    golds = campaign.tasks.filter(kind=TaskKind.GOLD, expert_answer__withdrawn_at=None)
    return golds.filter(expert_answer__isnull=False)


def rule_of(answer: ExpertAnswer, *, preference_steps: int) -> Rule:
    return Rule(
        expert=fields_from(answer.answers, preference_steps=preference_steps),
        tolerance=answer.tolerance,
        also=answer.also,
        cannot_tell_fails=answer.cannot_tell_fails,
    )


def passed_by(member: Member) -> Share:
    """How much of the gold that still stands the member passed."""
    mine = GoldVerdict.objects.standing().of_member(member)
    told = mine.aggregate(good=Count("pk", filter=Q(passed=True)), n=Count("pk"))
    return wilson(told["good"], told["n"])


def passed_in(campaign: Campaign) -> dict[int, Share]:
    """The same for each person in a campaign, by the member's key."""
    rows = GoldVerdict.objects.standing().filter(campaign=campaign).values_list("member_id")
    counted = rows.annotate(good=Count("pk", filter=Q(passed=True)), n=Count("pk"))
    return {key: wilson(good, n) for key, good, n in counted.order_by("member_id")}


def rows_for(golds: Iterable[ExpertAnswer]) -> list[GoldRow]:
    """Each with how many saw and how many passed it, in two queries for all."""
    golds = list(golds)
    tasks = [gold.task_id for gold in golds]
    shown = dict(Task.objects.filter(pk__in=tasks).values_list("pk", people_shown()))
    verdicts = GoldVerdict.objects.filter(task__in=tasks).values_list("task_id")
    told = verdicts.annotate(good=Count("pk", filter=Q(passed=True)), n=Count("pk"))
    passed = {key: wilson(good, n) for key, good, n in told.order_by("task_id")}
    return [
        GoldRow(
            gold,
            shown.get(gold.task_id, 0),
            passed.get(gold.task_id, wilson(0, 0)),
        )
        for gold in golds
    ]
