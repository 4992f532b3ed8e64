"""The next campaign as the policy wants it: for whom, until when, what it pays, and how much it may come to."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from evalhub.campaigns.choices import COMPLETIONS_PER_TASK, TaskType
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.services.campaigns import Settings
from evalhub.campaigns.services.rates import set_pay_rate
from evalhub.judgments.price import history_of
from evalhub.loops.errors import StepFailed
from evalhub.loops.turn import Turn
from evalhub.prompts.models import Completion


def settings_of(turn: Turn) -> Settings:
    """Raise StepFailed when somebody whom the policy names judges here no more."""
    wanted = turn.policy.campaign
    settings: Settings = {
        "overlap": wanted.overlap,
        "asks": wanted.asks,
        "groups": list(wanted.groups),
        "languages": list(wanted.languages),
        "qualifications": list(wanted.qualifications),
        "max_share": wanted.max_share,
    }
    if wanted.people:
        settings["people"] = _people(turn)
    if wanted.days is not None:
        settings["closes_at"] = timezone.now() + timedelta(days=wanted.days)
    return settings


def _people(turn: Turn) -> list[int]:
    wanted = {uid.lower() for uid in turn.policy.campaign.people}
    judges = turn.workspace.members.active().judging().filter(uid__in=wanted)
    found = {str(member.uid): member.pk for member in judges}
    if missing := sorted(wanted - found.keys()):
        raise StepFailed(
            f"campaign.people of the Loop's policy names {', '.join(missing)}, who cannot judge in "
            "this workspace. Take them out, or give them back the role, then resume."
        )
    return sorted(found.values())


def affordable_of(
    turn: Turn, campaign: Campaign, answers: QuerySet[Completion]
) -> QuerySet[Completion]:
    """Answers to as many prompts as the budget pays for, in the order of the prompts' uids.

    Raises:
        StepFailed: it does not pay for one task.
    """
    wanted = turn.policy.campaign
    if wanted.pay is None:
        return answers
    ms_each = history_of(campaign).assumed.ms_each
    judgments = wanted.pay.affordable(ms_each=ms_each)
    if judgments is None:
        return answers
    each = wanted.overlap * tasks_per_prompt(wanted.type, turn.policy.generate.n)
    prompts = judgments // each
    if prompts < 1:
        raise StepFailed(
            f"campaign.pay.budget ({wanted.pay.budget} {wanted.pay.currency}) does not pay for the "
            f"{each} judgments of one prompt. Raise it in the Loop's policy, then resume."
        )
    ordered = answers.order_by("prompt__uid").values_list("prompt", "prompt__uid").distinct()
    return answers.filter(prompt__in=[key for key, _uid in ordered[:prompts]])


def tasks_per_prompt(type_: str, answers: int) -> int:
    """At most: a rating makes a task of each answer, the others one of all."""
    return answers if COMPLETIONS_PER_TASK[TaskType(type_)] == (1, 1) else 1


def pay_for(turn: Turn, campaign: Campaign) -> None:
    """Raise StepFailed when nobody answers for the rate."""
    pay = turn.policy.campaign.pay
    if pay is None:
        return
    by = turn.round.created_by or turn.loop.kept_by
    if by is None:
        raise StepFailed(
            "Somebody must answer for what a judgment earns, and a command wrote this Loop's policy. "
            "Save it once on the Loop's page, then resume."
        )
    set_pay_rate(
        campaign=campaign,
        amount=pay.rate,
        currency=pay.currency,
        unit=pay.unit,
        by=by,
        from_the_start=True,
    )
