from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.notifications.letters import mail_at_once
from evalhub.notifications.models import Notification

ALERT = "alert"  # the topic that people may want by e-mail at once


def notify(
    members: Iterable[Member], *, topic: str, sentence: str, path: str, once: str = ""
) -> int:
    """Tell each of `members`, in the caller's transaction; return how many were told.

    Args:
        topic: an alert also goes out by e-mail, to whoever wants that.
        path: of the page that it is about.
        once: names the occasion; whoever was told of it already is not told again.
    """
    rows = [
        Notification(member=member, topic=topic, sentence=sentence[:500], path=path, once=once)
        for member in members
    ]
    before = Notification.objects.filter(member__in=[row.member_id for row in rows], once=once)
    known = set(before.values_list("member_id", flat=True)) if once else set()
    new = [row for row in rows if row.member_id not in known]
    Notification.objects.bulk_create(new, ignore_conflicts=bool(once))
    if topic == ALERT:
        mail_at_once([row.uid for row in new])
    return len(new)


def mark_read(member: Member) -> None:
    Notification.objects.of_member(member).unread().update(read_at=timezone.now())
