from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack, cast

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.choices import MemberKind, Role
from evalhub.accounts.errors import NameTaken
from evalhub.accounts.models import ApiToken, Member, User, Workspace, roles_of
from evalhub.audit.services import record
from evalhub.common.canonical import sha256_of
from evalhub.common.errors import Conflict


class Eligibility(TypedDict):
    languages: Sequence[str]
    groups: Sequence[str]
    qualifications: Sequence[str]


@dataclass(frozen=True)
class NewToken:
    """The row and, this once, the text."""

    token: ApiToken
    text: str


@transaction.atomic
def create_workspace(*, slug: str, name: str, by: str = "system") -> Workspace:
    """Raise NameTaken when another workspace has the slug."""
    if Workspace.objects.filter(slug=slug).exists():
        told = _("There is a workspace “%(slug)s” already; choose another slug.")
        raise NameTaken(told % {"slug": slug})
    workspace = Workspace(slug=slug, name=name)
    workspace.full_clean()
    workspace.save()
    record("workspace.created", actor=by, workspace=slug)
    return workspace


def add_member(
    *,
    workspace: Workspace,
    pseudonym: str,
    roles: Iterable[str],
    user: User | None = None,
    kind: MemberKind = MemberKind.PERSON,
    by: Member | None = None,
) -> Member:
    """Raise NameTaken when the workspace has the pseudonym, or the user is a member already."""
    try:
        with transaction.atomic():
            member = Member.objects.create(
                workspace=workspace,
                user=user,
                kind=kind,
                pseudonym=pseudonym,
                roles=roles_of(roles),
            )
            _record("member.added", member, by, roles=member.roles)
    except IntegrityError as error:
        told = _("%(workspace)s has a member “%(name)s” already.")
        raise NameTaken(told % {"workspace": workspace, "name": pseudonym}) from error
    return member


@transaction.atomic
def set_roles(*, member: Member, roles: Iterable[str], by: Member) -> Member:
    """Take effect on the member's next request; the last owner stays one.

    Raises:
        Conflict: there would be no owner, or the member came by a join link and only judges, or is a
            worker or a judge model.
    """
    if member.kind == MemberKind.MODEL and list(roles):
        told = _("%(name)s is a model: it judges what it is asked to, and has no role.")
        raise Conflict(told % {"name": member})
    if member.kind == MemberKind.WORKER and list(roles):
        told = _("%(name)s is a worker: its token takes runs, and nothing else.")
        raise Conflict(told % {"name": member})
    if member.only_campaign is not None and roles_of(roles) != [Role.ANNOTATOR.value]:
        told = _("%(name)s came by a join link, and only judges.")
        raise Conflict(told % {"name": member})
    member.roles, before = roles_of(roles), member.roles
    if Role.MANAGER not in member.roles:
        member.manages = []
    member.save(update_fields=["roles", "manages"])
    _keep_an_owner(member.workspace)
    _record("member.roles_set", member, by, before=before, after=member.roles)
    return member


@transaction.atomic
def set_eligibility(*, member: Member, by: Member, **eligibility: Unpack[Eligibility]) -> Member:
    """What campaigns ask for before they lend a task; it counts from the member's next claim."""
    values = {
        name: sorted({word.lower() for word in cast(Sequence[str], words)})
        for name, words in eligibility.items()
    }  # cast: a TypedDict's items are objects to mypy
    for name, words in values.items():
        setattr(member, name, words)
    member.save(update_fields=list(values))
    _record("member.eligibility_set", member, by, **values)
    return member


@transaction.atomic
def set_managed_groups(*, member: Member, groups: Sequence[str], by: Member) -> Member:
    """The groups whose people a manager sees from the next request on.

    Raises:
        Conflict: the member is no manager.
    """
    if groups and Role.MANAGER not in member.roles:
        raise Conflict(_("Only a manager manages groups; give the role first."))
    member.manages, before = sorted({word.lower() for word in groups}), member.manages
    member.save(update_fields=["manages"])
    _record("member.managed_groups_set", member, by, before=before, after=member.manages)
    return member


@transaction.atomic
def add_qualification(*, member: Member, word: str, because: str) -> Member:
    """The member has earned what campaigns ask for; having it already changes nothing."""
    locked = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    if word not in locked.qualifications:
        locked.qualifications = sorted({*locked.qualifications, word})
        locked.save(update_fields=["qualifications"])
        _record("member.qualified", locked, None, qualification=word, because=because)
    return locked


@transaction.atomic
def remove_qualification(*, member: Member, word: str, reason: str, by: Member) -> Member:
    """Take it away: somebody's decision, never a program's. What the member holds they keep."""
    locked = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    locked.qualifications = [each for each in locked.qualifications if each != word]
    locked.save(update_fields=["qualifications"])
    _record("member.qualification_removed", locked, by, qualification=word, reason=reason)
    return locked


@transaction.atomic
def set_limits(
    *, member: Member, most_tasks: int | None, most_minutes: int | None, by: Member
) -> Member:
    """The most that the member may judge in a day; None: no limit. It counts from the next claim."""
    before = {"most_tasks": member.most_tasks, "most_minutes": member.most_minutes}
    member.most_tasks, member.most_minutes = most_tasks, most_minutes
    member.save(update_fields=list(before))
    now = {"most_tasks": most_tasks, "most_minutes": most_minutes}
    _record("member.limits_set", member, by, before=before, after=now)
    return member


@transaction.atomic
def set_limits_of_each(
    *, members: Iterable[Member], most_tasks: int | None, most_minutes: int | None, by: Member
) -> int:
    """The same for each of them; return how many there were."""
    found = list(members)
    for member in found:
        set_limits(member=member, most_tasks=most_tasks, most_minutes=most_minutes, by=by)
    return len(found)


@transaction.atomic
def change_member(
    *,
    member: Member,
    roles: Iterable[str],
    manages: Sequence[str],
    by: Member,
    **eligibility: Unpack[Eligibility],
) -> Member:
    """Set the roles, the groups of a manager and what the member may judge, each where it differs."""
    if roles_of(roles) != member.roles:
        set_roles(member=member, roles=roles, by=by)
    if member.manages != manages:
        set_managed_groups(member=member, groups=manages, by=by)
    if any(getattr(member, name) != words for name, words in eligibility.items()):
        set_eligibility(member=member, by=by, **eligibility)
    return member


@transaction.atomic
def set_active(*, member: Member, active: bool, by: Member) -> Member:
    """An inactive member cannot sign in here nor use a token; what they judged stays."""
    member.is_active = active
    member.save(update_fields=["is_active"])
    _keep_an_owner(member.workspace)
    _record("member.activated" if active else "member.deactivated", member, by)
    return member


@transaction.atomic
def shut_out(*, member: Member, by: Member | None) -> Member:
    """The first act of an erasure: they are out at once, and whatever reads their words can tell.

    Raises:
        Conflict: there would be no owner any more.
    """
    Workspace.objects.select_for_update(no_key=True).get(pk=member.workspace_id)
    member.is_active, member.erased_at = False, timezone.now()
    member.save(update_fields=["is_active", "erased_at"])
    _keep_an_owner(member.workspace)
    member.tokens.filter(revoked_at=None).update(revoked_at=timezone.now())
    _record("member.erasure_begun", member, by)
    return member


@transaction.atomic
def forget(*, member: Member) -> Member:
    """The last act: nothing tells any more who they were. The account goes with its last member."""
    user, member.user = member.user, None
    member.pseudonym = erased_name(member)
    names = ["languages", "groups", "qualifications", "manages"]
    for name in names:
        setattr(member, name, [])
    names += ["user", "pseudonym"]
    member.save(update_fields=names)
    if user is not None and not user.members.exists():
        user.identities.all().delete()
        user.username, user.email = f"erased-{member.uid}", ""
        user.first_name = user.last_name = ""
        user.is_active = False
        user.set_unusable_password()  # ends every session too
        user.save()
    return member


def erased_name(member: Member) -> str:
    """Their pseudonym from then on: the same one however often it is asked for."""
    return f"erased-{member.uid.hex[-8:]}"


@transaction.atomic
def create_token(*, member: Member, name: str, by: Member | None = None) -> NewToken:
    """Make a token; its text is in the answer and nowhere else."""
    text = f"evh_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        member=member, name=name, prefix=text[:12], digest=sha256_of(text)
    )
    _record("token.created", member, by, prefix=token.prefix)
    return NewToken(token, text)


@transaction.atomic
def revoke_token(*, token: ApiToken, by: Member) -> None:
    """Count from the next request on; revoking twice changes nothing."""
    revoked = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(
        revoked_at=timezone.now()
    )
    if revoked:
        _record("token.revoked", token.member, by, prefix=token.prefix)


def imported_member(*, workspace: Workspace, name: str = "unknown") -> Member:
    """The member who stands for an annotator named in a file; made when first met."""
    member, _created = Member.objects.get_or_create(
        workspace=workspace,
        pseudonym=f"{name} (imported)"[:100],
        defaults={"kind": MemberKind.IMPORTED},
    )
    return member


def _keep_an_owner(workspace: Workspace) -> None:
    if not workspace.members.active().with_role(Role.OWNER).exists():
        told = _("%(workspace)s would have no owner; make somebody else an owner first.")
        raise Conflict(told % {"workspace": workspace})


def _record(verb: str, member: Member, by: Member | None, **details: object) -> None:
    record(
        verb,
        actor=by.pseudonym if by else "system",
        workspace=member.workspace.slug,
        target=f"member {member.uid}",
        **details,
    )
