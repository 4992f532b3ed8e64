"""Notifications by e-mail: alerts at once, or one letter a day. Each goes into one letter at most."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from evalhub.accounts.choices import MailWish
from evalhub.accounts.models import Member
from evalhub.accounts.queries import languages_of
from evalhub.mail.services import Wanted, is_on, link_to, post
from evalhub.notifications.models import Notification, NotificationQuerySet

OLDEST = timedelta(days=2)  # what somebody would no longer wait for


@transaction.atomic
def mail_at_once(uids: Sequence[UUID]) -> None:
    """A letter for each, to whoever wants alerts at once."""
    if not is_on():
        return
    for each in _to_mail(MailWish.ALERTS).filter(uid__in=uids):
        _put_in_letter([each], subject=each.sentence, once=f"notification {each.uid}")


def mail_summaries() -> int:
    """One letter to each who wants one a day and was told something since the last."""
    if not is_on():
        return 0
    since = timezone.now() - OLDEST
    keys = _to_mail(MailWish.DAILY).filter(created_at__gte=since).values_list("member", flat=True)
    members = sorted(set(keys))
    for member in members:
        with transaction.atomic():
            _mail_day_of(member, since=since)
    return len(members)


def _mail_day_of(member: int, *, since: datetime) -> None:
    rows = _to_mail(MailWish.DAILY).filter(member=member, created_at__gte=since)
    told = list(rows.select_for_update(of=("self",), no_key=True))
    if told:
        with override(languages_of([told[0].member])[member]):
            subject = _("%(workspace)s: your day, %(date)s") % {
                "workspace": told[0].member.workspace,
                "date": date_format(timezone.now().date(), "j M Y"),
            }
        _put_in_letter(told, subject=subject, once=f"day {told[0].uid}")


def _to_mail(wish: MailWish) -> NotificationQuerySet:
    rows = Notification.objects.filter(mailed_at=None, member__is_active=True)
    rows = rows.filter(member__user__is_active=True, member__user__wants_mail=wish)
    return (
        rows.exclude(member__user__email="")
        .select_related("member__user", "member__workspace")
        .order_by("member_id", "pk")
    )


def _put_in_letter(told: Sequence[Notification], *, subject: str, once: str) -> None:
    member = told[0].member
    address = member.user.email if member.user else ""
    with override(languages_of([member])[member.pk]):
        letter = Wanted(to=address, subject=subject, text=_text(told, member), once=once)
    Notification.objects.filter(pk__in=[each.pk for each in told]).update(mailed_at=timezone.now())
    post([letter], workspace=member.workspace.slug)


def _text(told: Sequence[Notification], member: Member) -> str:
    parts = [f"{each.sentence}\n{link_to(each.path)}" for each in told]
    end = _("You chose this on your profile: %(link)s") % {"link": link_to(reverse("profile"))}
    return "\n\n".join([*parts, f"-- \n{member.workspace}\n{end}\n"])
