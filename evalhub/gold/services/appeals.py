"""Somebody says that a gold is wrong, and a lead decides."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import Conflict
from evalhub.gold.choices import AppealState
from evalhub.gold.errors import NotAppealable, UnfitAppeal
from evalhub.gold.models import Appeal, AttemptTask, GoldVerdict
from evalhub.gold.people import leads_of
from evalhub.judgments.models import ExpertAnswer
from evalhub.judgments.services.gold import withdraw_gold
from evalhub.notifications.services import notify


@transaction.atomic
def appeal(*, verdict: GoldVerdict, reason: str, by: Member) -> Appeal:
    """Ask the leads to look at a gold that `by` failed. Once for each.

    Raises:
        UnfitAppeal: no reason.
        NotAppealable: it was passed, is withdrawn, or was appealed before.
    """
    return _appealed(Appeal(verdict=verdict, reason=reason.strip()), by)


@transaction.atomic
def appeal_exam(*, part: AttemptTask, reason: str, by: Member) -> Appeal:
    """The same of a task that `by` failed in an exam, once the exam is over.

    Raises:
        UnfitAppeal, NotAppealable: as in `appeal`.
    """
    return _appealed(Appeal(part=part, reason=reason.strip()), by)


def _appealed(made: Appeal, by: Member) -> Appeal:
    if not made.reason:
        raise UnfitAppeal(_("Say what is wrong with it; a lead reads this."), field="reason")
    if not made.against.counts_against:
        raise NotAppealable(_("There is nothing to appeal: it does not count against you."))
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError as error:
        raise NotAppealable(_("You have appealed this one already.")) from error
    campaign = made.against.campaign
    path = reverse("gold:appeal", args=[campaign.workspace.slug, made.uid])
    sentence = partial(_says_it_is_wrong, by, campaign)
    notify(leads_of(campaign.workspace), topic="gold.appealed", sentence=sentence, path=path)
    _record("gold.appealed", made, by)
    return made


@transaction.atomic
def uphold(*, appeal: Appeal, answer: str = "", by: Member) -> Appeal:
    """The gold is wrong: it is withdrawn, no verdict by it counts, and exams are scored without it.

    Raises:
        Conflict: somebody has decided already, or it is one's own.
    """
    decided = _decide(appeal, AppealState.UPHELD, answer, by)
    answers = ExpertAnswer.objects.select_related("task__campaign__workspace")
    gold = answers.get(task=decided.against.gold)
    if gold.withdrawn_at is None:
        withdraw(gold=gold, reason=_("an appeal was upheld"), by=by)
    told = gettext_lazy(
        "Your appeal in “%(title)s” is upheld: this gold counts for nobody any more."
    )
    _tell(decided, told)
    _record("gold.appeal_upheld", decided, by)
    return decided


@transaction.atomic
def refuse(*, appeal: Appeal, answer: str, by: Member) -> Appeal:
    """The gold stays; whoever appealed reads why.

    Raises:
        UnfitAppeal: no reason.
        Conflict: as in `uphold`.
    """
    if not answer.strip():
        raise UnfitAppeal(_("Say why; whoever appealed reads it."), field="answer")
    decided = _decide(appeal, AppealState.REFUSED, answer, by)
    told = gettext_lazy("Your appeal in “%(title)s” is refused; the reason stands beside it.")
    _tell(decided, told)
    _record("gold.appeal_refused", decided, by)
    return decided


@transaction.atomic
def withdraw(*, gold: ExpertAnswer, reason: str, by: Member) -> int:
    """Take a gold back; return how many verdicts do not count any more.

    Raises:
        Conflict: it is withdrawn already.
    """
    withdraw_gold(answer=gold, reason=reason, by=by)
    now = timezone.now()
    return gold.task.gold_verdicts.standing().update(withdrawn_at=now)


def _decide(appeal: Appeal, state: AppealState, answer: str, by: Member) -> Appeal:
    if appeal.against.member.pk == by.pk:
        raise Conflict(_("Nobody decides on their own appeal."))
    decision = {"state": state, "answer": answer.strip(), "decided_by": by}
    waiting = Appeal.objects.waiting().filter(pk=appeal.pk)
    if not waiting.update(**decision, decided_at=timezone.now()):
        raise Conflict(_("Somebody has decided this appeal already."))
    appeal.refresh_from_db()
    return appeal


def _says_it_is_wrong(by: Member, campaign: Campaign) -> str:
    told = _("%(name)s says that a gold of “%(title)s” is wrong.")
    return told % {"name": by.pseudonym, "title": campaign.title}


def _tell(appeal: Appeal, sentence: Any) -> None:  # `Any`: a lazy translation
    """Where it is read: with one's other gold, or with the exam."""
    campaign, part = appeal.against.campaign, appeal.part
    slug = campaign.workspace.slug
    path = reverse("gold:calibration", args=[slug])
    if part is not None:
        path = reverse("gold:attempt", args=[slug, part.attempt.uid])
    about = {"title": campaign.title}
    notify(
        [appeal.against.member],
        topic="gold.appeal_decided",
        sentence=lambda: sentence % about,
        path=path,
    )


def _record(verb: str, appeal: Appeal, by: Member) -> None:
    judgment = appeal.against.judgment
    record(
        verb,
        actor=by.pseudonym,
        workspace=appeal.against.campaign.workspace.slug,
        target=f"appeal {appeal.uid}",
        judgment=str(judgment.uid) if judgment else None,
    )
