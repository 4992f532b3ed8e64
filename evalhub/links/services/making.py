"""Making and revoking links. A secret is in the answer to its making, and nowhere else."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.campaigns.models import Campaign
from evalhub.common.canonical import sha256_of
from evalhub.links.choices import PARAMETERS, Parameters, Platform
from evalhub.links.errors import UnfitLink
from evalhub.links.models import JoinLink, Link, ReportLink

AnyLink = TypeVar("AnyLink", bound=Link)


@dataclass(frozen=True)
class NewLink(Generic[AnyLink]):
    """The row and, this once, the secret."""

    link: AnyLink
    secret: str


@transaction.atomic
def make_join_link(
    *,
    campaign: Campaign,
    name: str,
    platform: str,
    tasks: int,
    most_people: int,
    completion_code: str,
    by: Member,
    parameters: Parameters | None = None,
    ends_at: datetime | None = None,
) -> NewLink[JoinLink]:
    """Let people of a platform join, as many as `most_people`, for `tasks` tasks each.

    Args:
        parameters: what the platform calls the parts of its address; None: as it usually does.

    Raises:
        UnfitLink: the campaign is for named people only.
    """
    if campaign.people:
        raise UnfitLink(_("This campaign is for named people only; nobody else can join it."))
    secret = secrets.token_urlsafe(32)
    named = parameters or PARAMETERS[Platform(platform)]
    link = JoinLink.objects.create(
        campaign=campaign,
        name=name,
        prefix=secret[:6],
        digest=sha256_of(secret),
        ends_at=ends_at,
        created_by=by,
        platform=platform,
        person_parameter=named.person,
        study_parameter=named.study,
        session_parameter=named.session,
        tasks=tasks,
        most_people=most_people,
        completion_code=completion_code,
        group=f"join-{secrets.token_hex(4)}",
    )
    _record("join_link.made", link, by, platform=platform, tasks=tasks, most_people=most_people)
    return NewLink(link, secret)


@transaction.atomic
def make_report_link(
    *, campaign: Campaign, name: str, by: Member, ends_at: datetime | None = None
) -> NewLink[ReportLink]:
    """Show a client how the campaign goes, without an account."""
    secret = secrets.token_urlsafe(32)
    link = ReportLink.objects.create(
        campaign=campaign,
        name=name,
        prefix=secret[:6],
        digest=sha256_of(secret),
        ends_at=ends_at,
        created_by=by,
    )
    _record("report_link.made", link, by)
    return NewLink(link, secret)


def revoke_join_link(*, link: JoinLink, by: Member) -> None:
    """Nobody joins or comes back by it; who is signed in finishes. Twice changes nothing."""
    _revoke(link, "join_link.revoked", by)


def revoke_report_link(*, link: ReportLink, by: Member) -> None:
    """It shows nothing from the next request on. Twice changes nothing."""
    _revoke(link, "report_link.revoked", by)


@transaction.atomic
def _revoke(link: Link, verb: str, by: Member) -> None:
    unrevoked = type(link)._default_manager.filter(pk=link.pk, revoked_at=None)
    if unrevoked.update(revoked_at=timezone.now()):
        _record(verb, link, by)


def _record(verb: str, link: Link, by: Member, **details: object) -> None:
    kind = verb.partition(".")[0].replace("_", " ")
    record(
        verb,
        actor=by.pseudonym,
        workspace=by.workspace.slug,
        target=f"{kind} {link.uid}",
        campaign=str(link.campaign.uid),
        prefix=link.prefix,
        **details,
    )
