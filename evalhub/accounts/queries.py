from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from evalhub.accounts.models import Member, User


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
