from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request

from evalhub.accounts.access import acting_member
from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.imports.models import Import


def access_import(member: Member, uid: UUID) -> Import:
    """An import of the member's workspace."""
    found = _all().filter(workspace=member.workspace, uid=uid).first()
    if found is None:
        raise NotFound("No such import.")
    return found


def acting_import(request: Request, uid: UUID) -> Import:
    """The same for the API."""
    found = _all().filter(uid=uid).first()
    if found is None:
        raise NotFound("No such import.")
    try:
        acting_member(request, found.workspace_id, to="build")
    except NotFound as error:
        raise NotFound("No such import.") from error
    return found


def _all() -> QuerySet[Import]:
    return Import.objects.select_related("workspace", "collection", "job", "created_by")
