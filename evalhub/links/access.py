"""The only way a view gets a link: by its secret, or as a lead of its workspace."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from evalhub.accounts.models import Member, User
from evalhub.common.canonical import sha256_of
from evalhub.common.errors import NotFound
from evalhub.links.errors import LinkOver
from evalhub.links.models import JoinLink, Participant, ReportLink, live

_OF_CAMPAIGN = ("campaign__workspace", "campaign__guidelines", "campaign__rubric_version__rubric")


def join_link_by(secret: str) -> JoinLink:
    """Raise LinkOver for one that was revoked, is over, or never was."""
    found = JoinLink.objects.filter(live(), digest=sha256_of(secret))
    link = found.select_related(*_OF_CAMPAIGN).first()
    if link is None:
        raise LinkOver(_("This link does not work any more. Ask whoever gave it to you."))
    return link


def report_link_by(secret: str) -> ReportLink:
    """Raise LinkOver for one that was revoked, is over, or never was."""
    found = ReportLink.objects.filter(live(), digest=sha256_of(secret))
    link = found.select_related(*_OF_CAMPAIGN).first()
    if link is None:
        raise LinkOver(_("This link does not work any more. Ask whoever gave it to you."))
    return link


def access_join_link(member: Member, uid: UUID) -> JoinLink:
    links = JoinLink.objects.filter(campaign__workspace_id=member.workspace_id, uid=uid)
    link = links.select_related("campaign__workspace", "created_by").first()
    if link is None:
        raise NotFound(_("No such link."))
    return link


def access_report_link(member: Member, uid: UUID) -> ReportLink:
    links = ReportLink.objects.filter(campaign__workspace_id=member.workspace_id, uid=uid)
    link = links.select_related("campaign__workspace").first()
    if link is None:
        raise NotFound(_("No such link."))
    return link


def access_participant(user: User) -> Participant:
    """Who the signed-in person is to the link they came by."""
    found = Participant.objects.filter(member__user=user, member__is_active=True)
    participant = found.select_related("link__campaign", "member__workspace").first()
    if participant is None:
        raise NotFound(_("You did not come here by a join link."))
    return participant
