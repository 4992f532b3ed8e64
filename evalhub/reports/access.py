"""The only way a view gets an export. It names models and people, so it is for whoever builds."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request

from evalhub.accounts.access import acting_member
from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import NotFound
from evalhub.reports.choices import ReportKind
from evalhub.reports.errors import NotComputed
from evalhub.reports.models import Export, Report


class AtExport(NamedTuple):
    export: Export
    member: Member


def access_export(member: Member, uid: UUID) -> Export:
    """An export of the member's workspace."""
    found = _all().filter(workspace=member.workspace, uid=uid).first()
    if found is None:
        raise NotFound(_("No such export."))
    return found


def acting_export(request: Request, uid: UUID) -> AtExport:
    """The same for the API, with who asks."""
    found = _all().filter(uid=uid).first()
    if found is None:
        raise NotFound(_("No such export."))
    try:
        return AtExport(found, acting_member(request, found.workspace_id, to="build"))
    except NotFound as error:
        raise NotFound(_("No such export.")) from error


def newest_made(campaign: Campaign, kind: ReportKind) -> Report:
    """Of a campaign that the caller may read: the newest report of the kind with figures.

    Raises:
        NotComputed: there is none yet.
    """
    found = campaign.reports.filter(kind=kind).exclude(made_at=None).first()
    if found is None:
        raise NotComputed(_("This report has no figures yet; compute it first."))
    return found


def _all() -> QuerySet[Export]:
    return Export.objects.select_related("workspace", "campaign", "job", "created_by")
