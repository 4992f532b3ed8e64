"""Whom a follow-up is news to: those whose words it followed, and who began it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import partial

from django.urls import reverse
from django.utils.translation import gettext as _

from evalhub.accounts.choices import Role
from evalhub.followups.choices import Finding
from evalhub.followups.models import Complaint, FollowUp
from evalhub.followups.telling import headline
from evalhub.notifications.services import notify

TOPIC = "follow_up.done"


def tell(follow_up: FollowUp, complaints: Iterable[Complaint]) -> None:
    """Each hears of what they said themselves, and of nobody else's."""
    slug, once = follow_up.workspace.slug, f"follow-up {follow_up.uid}"
    mine: defaultdict[int, list[Complaint]] = defaultdict(list)
    for each in complaints:
        if each.finding:
            mine[each.judgment.member_id].append(each)
    authors = follow_up.workspace.members.active().with_role(Role.ANNOTATOR)
    for author in authors.filter(pk__in=mine).exclude(user=None).order_by("pk"):
        told = mine[author.pk]
        resolved = sum(each.finding == Finding.RESOLVED for each in told)
        sentence = partial(_resolved, resolved, len(told), follow_up)
        path = reverse("followups:mine", args=[slug])
        notify([author], topic=TOPIC, sentence=sentence, path=path, once=once)
    if follow_up.created_by is not None:
        path = reverse("followups:detail", args=[slug, follow_up.uid])
        notify(
            [follow_up.created_by],
            topic=TOPIC,
            sentence=lambda: f"{follow_up}: {headline(follow_up)}",
            path=path,
            once=f"{once} led",
        )


def _resolved(resolved: int, n: int, follow_up: FollowUp) -> str:
    told = _(
        "%(resolved)s of %(n)s things that you corrected or criticised are resolved by %(model)s."
    )
    return told % {"resolved": resolved, "n": n, "model": follow_up.model}
