from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from django.utils import timezone
from django.utils.translation import override

from evalhub.accounts.models import Member
from evalhub.accounts.queries import languages_of
from evalhub.notifications.letters import mail_at_once
from evalhub.notifications.models import Notification

Sentence = Callable[[], str]  # what is told, in whatever language is active
LONGEST = 500
ALERT = "alert"  # the topic that people may want by e-mail at once


def notify(
    members: Iterable[Member], *, topic: str, sentence: Sentence, path: str, once: str = ""
) -> int:
    """Tell each of `members` in their language, in the caller's transaction; return how many were told.

    Args:
        sentence: is asked once for each language, while that is the active one.
        topic: an alert also goes out by e-mail, to whoever wants that.
        path: of the page that it is about.
        once: names the occasion; whoever was told of it already is not told again.
    """
    told, in_words = list(members), _in_each_language(sentence)
    languages = languages_of(told)
    rows = [
        Notification(
            member=member,
            topic=topic,
            sentence=in_words(languages[member.pk]),
            path=path,
            once=once,
        )
        for member in told
    ]
    before = Notification.objects.filter(member__in=[row.member_id for row in rows], once=once)
    known = set(before.values_list("member_id", flat=True)) if once else set()
    new = [row for row in rows if row.member_id not in known]
    Notification.objects.bulk_create(new, ignore_conflicts=bool(once))
    if topic == ALERT:
        mail_at_once([row.uid for row in new])
    return len(new)


def _in_each_language(sentence: Sentence) -> Callable[[str], str]:
    @cache
    def in_words(language: str) -> str:
        with override(language):
            return sentence()[:LONGEST]

    return in_words


def mark_read(member: Member) -> None:
    Notification.objects.of_member(member).unread().update(read_at=timezone.now())
