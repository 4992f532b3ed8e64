from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from evalhub.judgments.choices import Source
from evalhub.judgments.errors import MalformedBody
from evalhub.judgments.models import Judgment


def judgments_asked_for(workspace_pk: int, asked: QueryDict) -> QuerySet[Judgment]:
    """The workspace's judgments, narrowed by the few parameters there are; others are ignored."""
    judgments = Judgment.objects.filter(workspace_id=workspace_pk)
    if campaign := asked.get("campaign"):
        judgments = judgments.filter(campaign__uid=uid_of_campaign(campaign))
    if source := asked.get("source"):
        if source not in Source.values:
            known = ", ".join(Source.values)
            raise MalformedBody(f"No source “{source[:40]}”; there are: {known}.", field="source")
        judgments = judgments.filter(source=source)
    if asked.get("current") == "true":
        judgments = judgments.current()
    if asked.get("counted") == "true":
        judgments = judgments.counted()
    parts = ("campaign", "task", "member", "supersedes", "guidelines", "demonstration")
    return judgments.select_related(*parts).prefetch_related(
        "ratings__completion",
        "ratings__criterion",
        "preferences__criterion",
        "preferences__first",
        "preferences__second",
        "ranking__completion",
        "corrections__completion",
        "spans__completion",
        "steps__completion",
        "tool_calls__completion",
    )


def uid_of_campaign(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise MalformedBody(_("This is no campaign’s uid."), field="campaign") from error
