from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from rest_framework.request import Request

from evalhub.accounts.access import acting_member
from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.datasets.models import (
    BuildExport,
    BuildPush,
    Dataset,
    DatasetBuild,
    DiffReport,
    SpellingProposal,
)


def access_dataset(member: Member, uid: UUID) -> Dataset:
    """A dataset of the member's workspace."""
    found = _datasets().filter(workspace=member.workspace, uid=uid).first()
    if found is None:
        raise NotFound("No such dataset.")
    return found


def access_named(member: Member, uid: str) -> Dataset:
    """The same by what stands in a query, which may be no uid at all."""
    try:
        return access_dataset(member, UUID(uid))
    except ValueError as error:
        raise NotFound("No such dataset.") from error


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


def build_named(name: str) -> DatasetBuild:
    """A build of any workspace by its uid or its digest, for commands; of several the newest."""
    try:
        named = Q(uid=UUID(name)) if len(name) <= 36 else Q(digest=name)
    except ValueError:
        raise NotFound(f"“{name}” is neither the uid nor the digest of a build.") from None
    found = _builds().filter(named).order_by("-pk").first()
    if found is None:
        raise NotFound(f"There is no build {name}.")
    return found


def access_build_export(member: Member, uid: UUID) -> BuildExport:
    """An export of a build of the member's workspace."""
    found = _exports().filter(workspace=member.workspace, uid=uid).first()
    if found is None:
        raise NotFound("No such export.")
    return found


def acting_build_export(request: Request, uid: UUID) -> tuple[BuildExport, Member]:
    """The same for the API, with who asks."""
    found = _exports().filter(uid=uid).first()
    if found is None:
        raise NotFound("No such export.")
    try:
        return found, acting_member(request, found.workspace_id, to="build")
    except NotFound as error:
        raise NotFound("No such export.") from error


def access_push(member: Member, uid: UUID) -> BuildPush:
    """A push of the member's workspace."""
    pushes = BuildPush.objects.select_related("build__dataset", "job", "created_by")
    found = pushes.filter(workspace=member.workspace, uid=uid).first()
    if found is None:
        raise NotFound("No such push.")
    return found


def access_diff(member: Member, uid: UUID) -> DiffReport:
    """A comparison of two builds of the member's workspace."""
    diffs = DiffReport.objects.select_related("old", "new__dataset", "job")
    found = diffs.filter(new__workspace=member.workspace, uid=uid).first()
    if found is None:
        raise NotFound("No such comparison.")
    return found


def acting_for(request: Request, workspaces: QuerySet[Any, int], uid: UUID, what: str) -> Member:
    """For the API: who asks, if they may build in the workspace of the row `uid` names.

    Args:
        workspaces: keys of the workspaces of all such rows.
    """
    key = workspaces.filter(uid=uid).first()
    if key is None:
        raise NotFound(f"No such {what}.")
    try:
        return acting_member(request, key, to="build")
    except NotFound as error:
        raise NotFound(f"No such {what}.") from error


def _exports() -> QuerySet[BuildExport]:
    return BuildExport.objects.select_related("workspace", "build__dataset", "job", "created_by")


def _datasets() -> QuerySet[Dataset]:
    return Dataset.objects.select_related("workspace")


def _builds() -> QuerySet[DatasetBuild]:
    return DatasetBuild.objects.select_related("workspace", "dataset", "job", "created_by")
