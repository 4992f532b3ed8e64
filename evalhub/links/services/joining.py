"""People who come by a join link.

What stands in the address is no secret: whoever has the link and guesses somebody's id comes in as
them. So such a member judges in one campaign and gets nothing else, and no other account is ever
signed in this way.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.choices import Role
from evalhub.accounts.models import Member, User
from evalhub.accounts.services import add_member, set_eligibility
from evalhub.audit.services import record
from evalhub.campaigns.choices import CampaignState
from evalhub.campaigns.services.shares import fix_share
from evalhub.links.errors import LinkFull, LinkOver, NotByLink
from evalhub.links.models import JoinLink, Participant, live
from evalhub.links.queries import is_done


class Visitor(NamedTuple):
    """How the platform names who comes."""

    external_id: str
    study_id: str = ""
    session_id: str = ""


@transaction.atomic
def join(*, link: JoinLink, visitor: Visitor) -> Participant:
    """The participant of that external id: the same as last time, or a new one.

    Raises:
        LinkOver: it was revoked meanwhile.
        LinkFull: as many people as it is for have joined.
        NotByLink: the account has a password or another role by now, or was deactivated.
    """
    locked = JoinLink.objects.select_for_update(no_key=True).filter(live(), pk=link.pk)
    if locked.first() is None:  # also: two tabs of one person in turn
        raise LinkOver(_("This link does not work any more. Ask whoever gave it to you."))
    known = link.participants.filter(external_id=visitor.external_id)
    participant = known.select_related("member__user", "member__workspace").first()
    if participant is None:
        return _new(link, visitor)
    if not _is_only_a_participant(participant):
        raise NotByLink(_("This account cannot be entered by a link any more."))
    return participant


@transaction.atomic
def finish(*, participant: Participant) -> bool:
    """Whether they may be told the code: they have judged their tasks, or nothing is left.

    Once told, it stays told.
    """
    if participant.finished_at is not None:
        return True
    if not is_done(participant):
        return False
    now = timezone.now()
    first = Participant.objects.filter(pk=participant.pk, finished_at=None)
    if first.update(finished_at=now):
        _record("participant.finished", participant)
    participant.finished_at = now
    return True


def _new(link: JoinLink, visitor: Visitor) -> Participant:
    campaign = link.campaign
    if campaign.state != CampaignState.OPEN:
        raise LinkOver(_("There is nothing to judge here at the moment. Come back later."))
    if link.participants.count() >= link.most_people:
        raise LinkFull(_("Enough people have joined. Thank you for coming."))
    name = f"guest-{secrets.token_hex(8)}"
    user = User(username=name)
    user.set_unusable_password()
    user.save()
    member = add_member(
        workspace=campaign.workspace, pseudonym=name, roles=[Role.ANNOTATOR], user=user
    )
    member.only_campaign = campaign.pk
    member.save(update_fields=["only_campaign"])
    set_eligibility(  # who made the link answers for what the campaign asks
        member=member,
        by=link.created_by,
        languages=campaign.languages,
        groups=[link.group, *campaign.groups],
        qualifications=campaign.qualifications,
    )
    fix_share(campaign=campaign, member=member, most=link.tasks)
    participant = Participant.objects.create(link=link, member=member, **visitor._asdict())
    _record("participant.joined", participant)
    return participant


def _is_only_a_participant(participant: Participant) -> bool:
    member: Member = participant.member
    user = member.user
    return (
        user is not None
        and user.is_active
        and not user.has_usable_password()
        and not (user.is_staff or user.is_superuser)
        and user.members.count() == 1
        and member.is_active
        and member.roles == [Role.ANNOTATOR.value]
        and member.only_campaign == participant.link.campaign_id
    )


def _record(verb: str, participant: Participant) -> None:
    member = participant.member
    record(
        verb,
        actor=member.pseudonym,
        workspace=member.workspace.slug,
        target=f"member {member.uid}",
        link=str(participant.link.uid),
    )
