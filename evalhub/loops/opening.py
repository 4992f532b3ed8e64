"""The next campaign as the policy wants it: for whom, until when, what it pays, and how much that may come to."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from evalhub.campaigns.choices import COMPLETIONS_PER_TASK, TaskType
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.services.campaigns import Settings
from evalhub.campaigns.services.rates import set_pay_rate
from evalhub.judgments.price import history_of
from evalhub.loops.asking import NextCampaign
from evalhub.loops.errors import StepFailed
from evalhub.loops.turn import Turn


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


def affordable(turn: Turn, campaign: Campaign) -> int | None:
    """How many judgments the budget pays for; None: any number.

    Raises:
        StepFailed: it does not pay for those of one prompt.
    """
    wanted = turn.policy.campaign
    if wanted.pay is None:
        return None
    judgments = wanted.pay.affordable(ms_each=history_of(campaign).assumed.ms_each)
    each = wanted.overlap * tasks_per_prompt(wanted, turn.policy.generate.answers)
    if judgments is not None and judgments < each:
        raise StepFailed(
            f"campaign.pay.budget ({wanted.pay.budget} {wanted.pay.currency}) does not pay for the "
            f"{each} judgments of one prompt. Raise it in the Loop's policy, then resume."
        )
    return judgments


def tasks_per_prompt(wanted: NextCampaign, answers: int) -> int:
    """At most, of what is taken together: a rating makes a task of each answer, the others one of all.

    Ratings that are chosen by decision value are taken one by one.
    """
    is_single = COMPLETIONS_PER_TASK[TaskType(wanted.type)] == (1, 1)
    return answers if is_single and not wanted.decision_value else 1


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
