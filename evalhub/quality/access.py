from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

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
