"""A Loop pauses itself when quality falls, and goes on when a lead says why that is right."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.common.errors import DomainError
from evalhub.loops.errors import LoopNotPaused
from evalhub.loops.figures import Fall, falls_in, watched_campaign
from evalhub.loops.models import Loop
from evalhub.loops.news import tell_pause
from evalhub.loops.policy import Policy, read_policy
from evalhub.loops.records import record_of


def look_at_quality(loop: Loop, policy: Policy) -> bool:
    """Pause a Loop whose row the caller has locked, if a figure is on the wrong side of its bar."""
    falls = _falls(loop, policy)
    if falls:
        why = "; ".join(fall.sentence for fall in falls)
        _write_pause(loop, why[:1].upper() + why[1:] + ".")
    return bool(falls)


def _falls(loop: Loop, policy: Policy) -> list[Fall]:
    """Without those that somebody let pass in this campaign."""
    campaign = watched_campaign(loop) if policy.pause.are_set else None
    if campaign is None:
        return []
    excused = loop.excused.get(str(campaign.uid), [])
    return [fall for fall in falls_in(campaign, policy) if fall.measure not in excused]


@transaction.atomic
def pause(pk: int, why: str) -> None:
    """Start no more Rounds until a lead says so; nothing, where it is paused already."""
    loop = Loop.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=pk)
    if loop.paused_at is None:
        _write_pause(loop, why)


def _write_pause(loop: Loop, why: str) -> None:
    loop.paused_at, loop.paused_why = timezone.now(), why
    loop.save(update_fields=["paused_at", "paused_why"])
    record_of("loop.paused", loop, f"loop {loop.uid}", None, why=why)
    tell_pause(loop)


@transaction.atomic
def go_on(loop: Loop, *, by: Member, reason: str) -> Loop:
    """See `services.let_go_on`. What is on the wrong side now pauses it no more in this campaign."""
    loop = Loop.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=loop.pk)
    if loop.paused_at is None:
        raise LoopNotPaused(f"“{loop}” is not paused.")
    was, loop.paused_at, loop.paused_why = loop.paused_why, None, ""
    loop.excused = _excuses(loop)
    loop.save(update_fields=["paused_at", "paused_why", "excused"])
    record_of("loop.let_go_on", loop, f"loop {loop.uid}", by, reason=reason, was=was)
    return loop


def _excuses(loop: Loop) -> dict[str, list[str]]:
    campaign = watched_campaign(loop)
    try:
        policy = read_policy(loop.policy)
    except DomainError:  # the policy itself was why it paused, and is still wrong
        return {}
    if campaign is None or not policy.pause.are_set:
        return {}
    before = loop.excused.get(str(campaign.uid), [])
    measures = {*before, *(fall.measure for fall in falls_in(campaign, policy))}
    return {str(campaign.uid): sorted(measures)} if measures else {}
