"""Sets to be passed: a lead makes one, people try, and only a lead takes away what was earned."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.accounts.services import remove_qualification
from evalhub.audit.services import record
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.services.gold import copy_for, keep_for_draws
from evalhub.gold.errors import NoAttempt, UnfitQualification
from evalhub.gold.jobs.attempts import score_attempt
from evalhub.gold.models import Attempt, AttemptTask, Qualification
from evalhub.gold.queries import gold_of
from evalhub.gold.sets import refusal
from evalhub.notifications.services import notify


@transaction.atomic
def set_qualification(
    *, campaign: Campaign, word: str, pass_mark: int, retry_days: int | None, by: Member
) -> Qualification:
    """Make the campaign's gold a set to be passed; nobody claims that gold by itself any more.

    Args:
        word: what campaigns ask for, e.g. "medicine".
        pass_mark: percent of the set.
        retry_days: until somebody who failed may try again; None: they ask a lead.

    Raises:
        UnfitQualification: no word, or the campaign asks for that word itself.
    """
    word = " ".join(word.split()).lower()
    if not word:
        raise UnfitQualification(_("Name the qualification in a word."), field="word")
    if word in campaign.qualifications:
        told = _("The campaign asks for “%(word)s” itself, so nobody could try for it here.")
        raise UnfitQualification(told % {"word": word}, field="word")
    values = {"word": word, "pass_mark": pass_mark, "retry_days": retry_days}
    made, _new = Qualification.objects.update_or_create(campaign=campaign, defaults=values)
    for task in campaign.tasks.filter(kind=TaskKind.GOLD).order_by("pk"):
        keep_for_draws(task=task)
    record(
        "qualification.set",
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"campaign {campaign.uid}",
        **values,
    )
    return made


@transaction.atomic
def start_attempt(*, qualification: Qualification, by: Member) -> Attempt:
    """Give `by` a copy of each gold of the set; they judge them like any other task.

    Raises:
        NoAttempt: they have the qualification, are at it, must wait, or there is no gold.
    """
    campaign = qualification.campaign
    golds = gold_of(campaign).exclude(expert_answer__written_by=by)
    chosen = list(golds.order_by("lot", "pk"))
    last = qualification.attempts.filter(member=by).first()
    if reason := refusal(qualification, by, last=last):
        raise NoAttempt(reason)
    if not chosen:
        raise NoAttempt(_("The set is empty so far; ask a lead."))
    try:
        with transaction.atomic():
            attempt = Attempt.objects.create(
                qualification=qualification, member=by, asked=len(chosen)
            )
    except IntegrityError as error:
        raise NoAttempt(_("You are at it already.")) from error
    AttemptTask.objects.bulk_create(
        AttemptTask(attempt=attempt, task=copy_for(task=gold, member=by), gold=gold)
        for gold in chosen
    )
    _record("qualification.attempt_started", attempt, by)
    return attempt


@transaction.atomic
def end_attempt(*, attempt: Attempt, by: Member) -> Attempt:
    """What is not judged by now is not passed.

    Raises:
        NoAttempt: it is over.
    """
    if not Attempt.objects.under_way().filter(pk=attempt.pk).exists():
        raise NoAttempt(_("This attempt is over."))
    ended = score_attempt(attempt=attempt.pk, ends=True)
    _record("qualification.attempt_ended", ended, by)
    return ended


@transaction.atomic
def take_away(*, attempt: Attempt, reason: str, by: Member) -> None:
    """A lead's decision that somebody loses what they passed; they are told why.

    Raises:
        UnfitQualification: no reason.
    """
    if not reason.strip():
        raise UnfitQualification(_("Say why; the person reads it."), field="reason")
    word = attempt.qualification.word
    remove_qualification(member=attempt.member, word=word, reason=reason.strip(), by=by)
    about = {"word": word, "reason": reason.strip()}
    notify(
        [attempt.member],
        topic="qualification.taken",
        sentence=lambda: _("“%(word)s” was taken from you: %(reason)s") % about,
        path=reverse("gold:qualifications", args=[by.workspace.slug]),
    )


def _record(verb: str, attempt: Attempt, by: Member) -> None:
    record(
        verb,
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"attempt {attempt.uid}",
        word=attempt.qualification.word,
        state=attempt.state,
    )
