"""The tabs above the pages of one's own work."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.judgments.figures import waiting_for
from evalhub.judgments.work import STATES


def tabs_for(member: Member) -> list[dict[str, Any]]:
    """A tab for each list, with how much waits in it."""
    waiting = waiting_for(member)
    counts = {"drafts": waiting.drafts, "returned": waiting.returned}
    return [
        {
            "state": name,
            "title": each.title,
            "url": reverse(f"judgments:{name}", args=[member.workspace.slug]),
            "count": counts.get(name, 0),
        }
        for name, each in STATES.items()
    ]
