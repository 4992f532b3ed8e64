from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request

from evalhub.accounts.access import acting_member
from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.datasets.models import Dataset, DatasetBuild, SpellingProposal


def access_dataset(member: Member, uid: UUID) -> Dataset:
    """A dataset of the member's workspace."""
    found = _datasets().filter(workspace=member.workspace, uid=uid).first()
    if found is None:
        raise NotFound("No such dataset.")
    return found


def access_build(member: Member, uid: UUID) -> DatasetBuild:
    """A build of the member's workspace."""
    found = _builds().filter(workspace=member.workspace, uid=uid).first()
    if found is None:
        raise NotFound("No such build.")
    return found


def access_spelling(member: Member, uid: UUID) -> SpellingProposal:
    """A proposal for a dataset of the member's workspace."""
    proposals = SpellingProposal.objects.select_related("dataset__workspace")
    found = proposals.filter(dataset__workspace=member.workspace, uid=uid).first()
    if found is None:
        raise NotFound("No such spelling.")
    return found


def acting_dataset(request: Request, uid: UUID) -> tuple[Dataset, Member]:
    """The same for the API, with who asks."""
    found = _datasets().filter(uid=uid).first()
    if found is None:
        raise NotFound("No such dataset.")
    try:
        return found, acting_member(request, found.workspace_id, to="build")
    except NotFound as error:
        raise NotFound("No such dataset.") from error


def acting_build(request: Request, uid: UUID) -> DatasetBuild:
    """The same for the API."""
    found = _builds().filter(uid=uid).first()
    if found is None:
        raise NotFound("No such build.")
    try:
        acting_member(request, found.workspace_id, to="build")
    except NotFound as error:
        raise NotFound("No such build.") from error
    return found


def _datasets() -> QuerySet[Dataset]:
    return Dataset.objects.select_related("workspace")


def _builds() -> QuerySet[DatasetBuild]:
    return DatasetBuild.objects.select_related("workspace", "dataset", "job", "created_by")
