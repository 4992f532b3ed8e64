from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request

from evalhub.accounts.access import Act, acting_member
from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import NotFound
from evalhub.followups.models import FollowUp
from evalhub.prompts.access import collection_named
from evalhub.prompts.models import Collection

ABSENT = "No such follow-up."


def access_follow_up(member: Member, uid: UUID) -> FollowUp:
    """A follow-up of the member's workspace."""
    found = follow_ups().filter(workspace=member.workspace, uid=uid).first()
    if found is None:
        raise NotFound(ABSENT)
    return found


def acting_follow_up(request: Request, uid: UUID, *, to: Act) -> tuple[FollowUp, Member]:
    """The same for the API, for a token or a session; and who acts."""
    found = follow_ups().filter(uid=uid).first()
    if found is None:
        raise NotFound(ABSENT)
    try:
        return found, acting_member(request, found.workspace_id, to=to)
    except NotFound as error:  # hidden and absent give the same answer
        raise NotFound(ABSENT) from error


def about_named(
    workspace: Workspace, *, campaign: UUID | None = None, collection: str = ""
) -> Campaign | Collection:
    """What people said something about: a campaign by its uid, or a collection by its slug."""
    if campaign is None:
        return collection_named(workspace, collection)
    found = Campaign.objects.filter(workspace=workspace, uid=campaign).first()
    if found is None:
        raise NotFound("No such campaign.")
    return found


def follow_ups() -> QuerySet[FollowUp]:
    return FollowUp.objects.select_related(
        "workspace", "model", "campaign", "collection", "ranking", "comparison", "run__job",
        "rubric_version__rubric", "created_by", "ended_by",
    )  # fmt: skip


def named_by(rows: QuerySet[FollowUp], about: Mapping[str, str]) -> QuerySet[FollowUp]:
    """Those of the model and the campaign that uids name; what names nothing finds nothing."""
    for name, uid in about.items():
        if uid:
            rows = rows.filter(**{f"{name}__uid": _uid(uid)})
    return rows


def _uid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
