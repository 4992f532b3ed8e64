from __future__ import annotations

from typing import Literal
from uuid import UUID

from rest_framework.request import Request

from evalhub.accounts.access import acting_member
from evalhub.accounts.models import Member
from evalhub.campaigns.access import access_campaign
from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import NotFound
from evalhub.labelling.errors import UnfitLabelling
from evalhub.labelling.models import LabellingFunction
from evalhub.rubrics.models import POINTED, Criterion

_PARTS = ("workspace", "criterion__version__rubric")


def access_function(member: Member, uid: UUID) -> LabellingFunction:
    """A version of a function of the member's workspace."""
    functions = LabellingFunction.objects.filter(workspace=member.workspace_id, uid=uid)
    function = functions.select_related(*_PARTS).first()
    if function is None:
        raise NotFound("No such labelling function.")
    return function


def access_campaign_of(member: Member, function: LabellingFunction, uid: str) -> Campaign:
    """The campaign `uid` in which the function votes; without one, the newest of them."""
    campaigns = Campaign.objects.filter(
        workspace=member.workspace_id,
        type=TaskType.LABEL,
        rubric_version=function.criterion.version_id,
    )
    try:
        found = campaigns.filter(uid=UUID(uid)) if uid else campaigns.order_by("-pk")
    except ValueError as error:
        raise NotFound("No such campaign.") from error
    newest = found.first()
    if newest is None:
        raise NotFound("No such campaign.")
    return access_campaign(member, newest.uid)


def acting_function(
    request: Request, uid: UUID, *, to: Literal["build", "lead"]
) -> tuple[LabellingFunction, Member]:
    """A version of a function and who asks for it, for the API."""
    function = LabellingFunction.objects.select_related(*_PARTS).filter(uid=uid).first()
    if function is None:
        raise NotFound("No such labelling function.")
    try:
        return function, acting_member(request, function.workspace_id, to=to)
    except NotFound as error:
        raise NotFound("No such labelling function.") from error


def access_criterion_of(campaign: Campaign, slug: str) -> Criterion:
    """A criterion that functions can vote on in the campaign; without a slug the first one.

    Raises:
        NotFound: there is none of that slug.
        UnfitLabelling: the campaign asks nothing that functions vote on.
    """
    criteria = criteria_for(campaign)
    if not criteria:
        told = (
            "Labelling functions vote on prompts: they need a label campaign whose rubric has a "
            "criterion with a scale, yes or no, or a choice."
        )
        raise UnfitLabelling(told)
    found = next((each for each in criteria if not slug or each.slug == slug), None)
    if found is None:
        raise NotFound("No such criterion.")
    return found


def criteria_for(campaign: Campaign) -> list[Criterion]:
    """The criteria on which functions can vote, in the rubric's order."""
    if campaign.type != TaskType.LABEL:
        return []
    rows = Criterion.objects.filter(version=campaign.rubric_version_id, kind__in=POINTED)
    return list(rows.select_related("version__rubric").order_by("position"))
