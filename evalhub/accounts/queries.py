from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db.models import F, Func

from evalhub.accounts.models import Member, User, Workspace

FIT = ("languages", "groups", "qualifications")
MOST_WORDS = 40  # of a kind


def languages_of(members: Iterable[Member]) -> dict[int, str]:
    """The language of each, by the member's key; of whoever never chose one, the instance's."""
    users = {member.pk: member.user_id for member in members}
    known = dict(
        User.objects.filter(pk__in=[key for key in users.values() if key is not None])
        .exclude(language="")
        .values_list("pk", "language")
    )
    return {
        member: settings.LANGUAGE_CODE if user is None else known.get(user, settings.LANGUAGE_CODE)
        for member, user in users.items()
    }


def words_in(workspace: Workspace) -> dict[str, list[str]]:
    """The languages, groups and qualifications that its members have, each in order.

    Not of those who came by a join link: they are in a group of the link.
    """
    return {name: _words(workspace, name) for name in FIT}


def _words(workspace: Workspace, name: str) -> list[str]:
    words = workspace.members.own().annotate(word=Func(F(name), function="unnest"))
    return list(words.order_by("word").values_list("word", flat=True).distinct()[:MOST_WORDS])
