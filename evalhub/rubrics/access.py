from __future__ import annotations

from typing import Literal, NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request

from evalhub.accounts.access import acting_member
from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.rubrics.errors import RubricFrozen
from evalhub.rubrics.models import Criterion, Rubric, RubricVersion


def access_rubric(member: Member, uid: UUID) -> Rubric:
    rubric = Rubric.objects.filter(workspace=member.workspace_id, uid=uid).first()
    if rubric is None:
        raise NotFound(_("No such rubric."))
    return rubric


def access_rubric_version(
    member: Member, uid: UUID, *, to: Literal["view", "edit"] = "view"
) -> RubricVersion:
    """A version of the member's workspace.

    Raises:
        NotFound: there is none, or it is another workspace's.
        RubricFrozen: it is published and thus cannot be edited.
    """
    versions = RubricVersion.objects.select_related("rubric__workspace")
    version = versions.filter(rubric__workspace=member.workspace_id, uid=uid).first()
    if version is None:
        raise NotFound(_("No such version of a rubric."))
    if to == "edit" and version.is_frozen:
        raise _frozen(version)
    return version


class ActingOn(NamedTuple):
    version: RubricVersion
    member: Member


class ActingOnRubric(NamedTuple):
    rubric: Rubric
    member: Member


def acting_rubric(request: Request, uid: UUID) -> ActingOnRubric:
    """A rubric and the lead who changes it, for the API."""
    rubric = Rubric.objects.select_related("workspace").filter(uid=uid).first()
    if rubric is None:
        raise NotFound(_("No such rubric."))
    try:
        return ActingOnRubric(rubric, acting_member(request, rubric.workspace_id, to="lead"))
    except NotFound as error:
        raise NotFound(_("No such rubric.")) from error


def acting_rubric_version(request: Request, uid: UUID, *, to: Literal["view", "lead"]) -> ActingOn:
    """A version and who asks for it, for the API."""
    versions = RubricVersion.objects.select_related("rubric__workspace")
    version = versions.filter(uid=uid).first()
    if version is None:
        raise NotFound(_("No such version of a rubric."))
    try:
        return ActingOn(version, acting_member(request, version.rubric.workspace_id, to=to))
    except NotFound as error:
        raise NotFound(_("No such version of a rubric.")) from error


def access_version_to_compare(version: RubricVersion, uid: str) -> RubricVersion | None:
    """Another version of the same rubric, by the uid that an address names.

    Without one it is the version before; None for the first.

    Raises:
        NotFound: there is none of that uid.
    """
    versions = RubricVersion.objects.filter(rubric=version.rubric_id).select_related("rubric")
    if not uid:
        return versions.filter(number__lt=version.number).order_by("-number").first()
    try:
        found = versions.filter(uid=UUID(uid)).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound(_("No such version of a rubric."))
    return found


def access_criterion(member: Member, uid: UUID) -> Criterion:
    """A criterion that can be edited, thus of a draft."""
    criteria = Criterion.objects.select_related("version__rubric__workspace")
    criterion = criteria.filter(version__rubric__workspace=member.workspace_id, uid=uid).first()
    if criterion is None:
        raise NotFound(_("No such criterion."))
    if criterion.version.is_frozen:
        raise _frozen(criterion.version)
    return criterion


def _frozen(version: RubricVersion) -> RubricFrozen:
    told = _("%(version)s is published; make a new version to change it.")
    return RubricFrozen(told % {"version": version})
