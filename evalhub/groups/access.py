"""The only way a manager gets somebody: those of their groups, and nobody else.

An owner holds every role; as a manager they have all groups that there are.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request

from evalhub.accounts.access import acting_member
from evalhub.accounts.choices import MemberKind, Role
from evalhub.accounts.models import Member, MemberQuerySet
from evalhub.common.errors import NotFound

KINDS = (MemberKind.PERSON, MemberKind.SIMULATED)


class AtPerson(NamedTuple):
    member: Member
    person: Member


def people_of(member: Member) -> MemberQuerySet:
    """Everybody in a group of `member`'s; without those who came by a join link, whom leads have."""
    people = member.workspace.members.own().filter(kind__in=KINDS, erased_at=None)
    if Role.OWNER in member.roles:
        return people.exclude(groups=[])
    return people.filter(groups__overlap=member.manages)


def groups_of(member: Member) -> list[str]:
    """Which groups those are, by name."""
    if Role.OWNER not in member.roles:
        return list(member.manages)
    return sorted(
        {group for groups in people_of(member).values_list("groups", flat=True) for group in groups}
    )


def shared_groups(member: Member, person: Member) -> list[str]:
    """The groups of `person` that `member` may know of."""
    return sorted(set(person.groups) & set(groups_of(member)))


def access_person(member: Member, uid: UUID) -> Member:
    """Somebody of the member's groups; anybody else is as absent as who never was."""
    person = people_of(member).select_related("workspace", "user").filter(uid=uid).first()
    if person is None:
        raise NotFound(_("No such person."))
    return person


def acting_person(request: Request, uid: UUID) -> AtPerson:
    """The same for the API, with who asks."""
    workspace = Member.objects.filter(uid=uid).values_list("workspace", flat=True).first()
    if workspace is None:
        raise NotFound(_("No such person."))
    try:
        member = acting_member(request, workspace, to="manage")
    except NotFound as error:
        raise NotFound(_("No such person.")) from error
    return AtPerson(member, access_person(member, uid))
