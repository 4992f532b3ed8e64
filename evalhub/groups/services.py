"""What a manager does for the people of their groups."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from evalhub.accounts.choices import Role
from evalhub.accounts.errors import NameTaken
from evalhub.accounts.invitations import Invited, invite
from evalhub.accounts.models import Member, User
from evalhub.accounts.services import set_eligibility
from evalhub.audit.services import record
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import NotFound
from evalhub.groups.access import groups_of, people_of, shared_groups
from evalhub.groups.errors import CannotInvite, NobodyLeft, NotYourGroup
from evalhub.groups.queries import staffed_for


@transaction.atomic
def invite_to_groups(*, username: str, email: str, groups: Sequence[str], by: Member) -> Invited:
    """Make somebody new an annotator in one or more of the manager's groups.

    Their pseudonym is drawn by lot: one of the manager's choice would tell which there are.

    Raises:
        NotYourGroup: no group, or one that `by` does not manage.
        CannotInvite: there is an account of that name, wherever; an owner can add it.
    """
    wanted = _own(groups, by)
    if not wanted:
        raise NotYourGroup(_("Choose one of your groups at least."), field="groups")
    if User.objects.filter(username__iexact=username).exists():
        raise _cannot_invite(username)
    try:
        invited = invite(
            workspace=by.workspace,
            username=username,
            email=email,
            roles=[Role.ANNOTATOR],
            pseudonym=f"person-{secrets.token_hex(4)}",
            by=by,
        )
    except NameTaken as error:  # somebody else took it at this moment
        raise _cannot_invite(username) from error
    set_eligibility(member=invited.member, by=by, languages=[], groups=wanted, qualifications=[])
    return invited


@transaction.atomic
def set_groups(*, person: Member, groups: Sequence[str], by: Member) -> Member:
    """Which of the manager's groups somebody is in; the others that they are in stay.

    In none of them, they are the manager's no more. What they hold stays theirs.

    Raises:
        NotYourGroup: a group that `by` does not manage.
    """
    wanted = _own(groups, by)
    locked = Member.objects.select_for_update(no_key=True, of=("self",)).get(pk=person.pk)
    others = set(locked.groups) - set(groups_of(by))
    after = sorted(others.union(wanted))
    if after != locked.groups:
        set_eligibility(
            member=locked,
            by=by,
            languages=locked.languages,
            groups=after,
            qualifications=locked.qualifications,
        )
    return locked


@transaction.atomic
def assign_to_campaigns(*, person: Member, campaigns: Collection[Campaign], by: Member) -> None:
    """Name somebody in these campaigns, and in no other of the manager's groups that names people.

    A campaign that names nobody is for all of its groups already, and stays so. Whoever is taken
    out keeps what they hold.

    Raises:
        NotFound: a campaign that is not for a group which both have.
        NobodyLeft: none of the manager's people would be named in a campaign.
    """
    ours = staffed_for(shared_groups(by, person)).filter(workspace=by.workspace_id)
    locked = list(ours.exclude(people=[]).select_for_update(no_key=True).order_by("pk"))
    wanted = {campaign.pk for campaign in campaigns}
    if wanted - {campaign.pk for campaign in locked}:
        raise NotFound(_("No such campaign."))
    mine = set(people_of(by).values_list("pk", flat=True))
    for campaign in locked:
        named = set(campaign.people)
        after = named | {person.pk} if campaign.pk in wanted else named - {person.pk}
        if after == named:
            continue
        if not after & mine:
            told = _(
                "%(name)s is the last of your people named in “%(title)s”; name another first."
            )
            raise NobodyLeft(told % {"name": person, "title": campaign})
        campaign.people = sorted(after)
        campaign.save(update_fields=["people"])
        record(
            "campaign.person_named" if campaign.pk in wanted else "campaign.person_taken_out",
            actor=by.pseudonym,
            workspace=by.workspace.slug,
            target=f"campaign {campaign.uid}",
            member=str(person.uid),
        )


def _own(groups: Sequence[str], by: Member) -> list[str]:
    wanted = sorted(set(groups))
    if set(wanted) - set(groups_of(by)):
        raise NotYourGroup(_("Choose among your own groups."), field="groups")
    return wanted


def _cannot_invite(username: str) -> CannotInvite:
    told = _("There is an account “%(name)s” already. An owner can add it to your group.")
    return CannotInvite(told % {"name": username}, field="username")
