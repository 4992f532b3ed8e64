from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request

from evalhub.accounts.access import acting_member
from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.quality.models import Exclusion


def access_exclusion(member: Member, uid: UUID) -> Exclusion:
    """An exclusion of the member's workspace."""
    rows = Exclusion.objects.filter(campaign__workspace_id=member.workspace_id, uid=uid)
    found = rows.select_related("campaign__workspace", "member").first()
    if found is None:
        raise NotFound(_("No such exclusion."))
    return found


def acting_exclusion(request: Request, uid: UUID) -> tuple[Exclusion, Member]:
    """One and the lead who changes it."""
    found = (
        Exclusion.objects.select_related("campaign__workspace", "member").filter(uid=uid).first()
    )
    if found is None:
        raise NotFound(_("No such exclusion."))
    try:
        return found, acting_member(request, found.campaign.workspace_id, to="lead")
    except NotFound as error:
        raise NotFound(_("No such exclusion.")) from error
