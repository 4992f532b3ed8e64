from __future__ import annotations

from typing import Literal
from uuid import UUID

from django.db.models import Exists, OuterRef
from rest_framework.request import Request

from evalhub.accounts.access import acting_member
from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.access import access_campaign
from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import NotFound
from evalhub.labelling.errors import UnfitLabelling
from evalhub.labelling.models import LabellingFunction
from evalhub.prompts.models import Collection
from evalhub.rubrics.models import POINTED, Criterion, RubricVersion

_PARTS = ("workspace", "criterion__version__rubric", "carried_from")


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


def access_criterion_on(member: Member, uid: str) -> Criterion:
    """A criterion of the workspace that functions can vote on; without a uid the first one.

    Raises:
        NotFound: there is none of that uid.
        UnfitLabelling: no rubric asks anything that functions vote on.
    """
    criteria = criteria_on(member.workspace)
    if not uid:
        if not criteria:
            raise UnfitLabelling(
                "Labelling functions vote on a question: publish a rubric that has a criterion with a "
                "scale, yes or no, or a choice."
            )
        active = LabellingFunction.objects.active().filter(criterion__in=criteria)
        with_functions = set(active.values_list("criterion", flat=True))
        return next((each for each in criteria if each.pk in with_functions), criteria[0])
    rows = Criterion.objects.filter(
        version__rubric__workspace=member.workspace_id,
        version__published_at__isnull=False,
        kind__in=POINTED,
    )
    try:
        found = rows.filter(uid=UUID(uid)).select_related("version__rubric").first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound("No such criterion.")
    return found


def criteria_on(workspace: Workspace) -> list[Criterion]:
    """Those on which functions can vote, of the newest published version of each rubric."""
    newer = RubricVersion.objects.filter(
        rubric=OuterRef("version__rubric"),
        number__gt=OuterRef("version__number"),
        published_at__isnull=False,
    )
    rows = Criterion.objects.filter(
        ~Exists(newer),
        version__rubric__workspace=workspace,
        version__published_at__isnull=False,
        kind__in=POINTED,
    )
    order = ("version__rubric__slug", "position", "pk")
    return list(rows.select_related("version__rubric").order_by(*order))


def acting_collection(
    request: Request, uid: UUID, *, to: Literal["build", "lead"]
) -> tuple[Collection, Member]:
    """A collection and who asks for it, for the API."""
    collection = Collection.objects.select_related("workspace").filter(uid=uid).first()
    if collection is None:
        raise NotFound("No such collection.")
    try:
        return collection, acting_member(request, collection.workspace_id, to=to)
    except NotFound as error:
        raise NotFound("No such collection.") from error


def criteria_for(campaign: Campaign) -> list[Criterion]:
    """The criteria on which functions can vote, in the rubric's order."""
    if campaign.type != TaskType.LABEL:
        return []
    rows = Criterion.objects.filter(version=campaign.rubric_version_id, kind__in=POINTED)
    return list(rows.select_related("version__rubric").order_by("position"))
