"""The only way a view gets a member, and with it a workspace."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request

from evalhub.accounts.acting import Acting
from evalhub.accounts.choices import ROLE_NAMES, Role
from evalhub.accounts.models import ApiToken, Member, MemberQuerySet, User, Workspace
from evalhub.common.errors import Forbidden, NotFound
from evalhub.common.rows import joined

Act = Literal[
    "belong",
    "read",
    "view",
    "judge",
    "manage",
    "watch",
    "review",
    "lead",
    "engineer",
    "build",
    "own",
]

# Who manages a group learns nothing of the workspace but its people
_BUT_MANAGERS = tuple(role for role in Role if role != Role.MANAGER)

ROLES_FOR: dict[Act, tuple[Role, ...]] = {
    "belong": tuple(Role),  # what everybody has for themselves: a home, the help, tokens
    "read": _BUT_MANAGERS,  # what goes with judging; also for who came by a join link
    "view": _BUT_MANAGERS,
    "judge": (Role.ANNOTATOR,),
    "manage": (Role.MANAGER,),
    "watch": (Role.LEAD, Role.ENGINEER, Role.REVIEWER),
    "review": (Role.REVIEWER, Role.LEAD),
    "lead": (Role.LEAD,),
    "engineer": (Role.ENGINEER,),
    "build": (Role.LEAD, Role.ENGINEER),
    "own": (Role.OWNER,),
}


def access_member(user: User, slug: str, *, to: Act) -> Member:
    """Return who `user` is in workspace `slug`, if they may do `to` there.

    Raises:
        NotFound: no such workspace, or not one of theirs.
        Forbidden: one of theirs, but none of their roles allows it.
    """
    found = joined(
        [("m", Member), ("w", Workspace)],
        "accounts_member m JOIN accounts_workspace w ON w.id = m.workspace_id"
        " WHERE m.user_id = %s AND w.slug = %s AND m.is_active",
        [user.pk, slug],
    )
    member: Member | None = None
    if found is not None:
        member, workspace = found
        member.workspace, member.user = workspace, user
    return _allowed(member, to)


def member_deciding(workspace_pk: int, uid: UUID, *, to: Act) -> Member:
    """The same for a command, which names whoever decides by their uid."""
    members = Member.objects.active().select_related("workspace", "user")
    return _allowed(members.filter(workspace_id=workspace_pk, uid=uid).first(), to)


def acting_member(request: Request, workspace_pk: int, *, to: Act) -> Member:
    """The same for the API: a token acts in its own workspace only, a session in any of theirs."""
    members = Member.objects.active().select_related("workspace", "user")
    members = members.filter(workspace_id=workspace_pk)
    if isinstance(request.auth, Acting):
        return _allowed(members.filter(pk=request.auth.member_id).first(), to)
    if not isinstance(request.user, User):
        raise NotFound(_("No such workspace, or you are not a member of it."))
    return _allowed(members.filter(user=request.user).first(), to)


def workspace_of(request: Request, slug: str | None = None) -> int:
    """The key of the workspace a list of the API is about: the token's, or the one named.

    Raises:
        NotFound: a session that names no workspace of its user, or a token for another one.
    """
    members = Member.objects.active().own()
    if isinstance(request.auth, Acting):
        members = members.filter(pk=request.auth.member_id)
    elif isinstance(request.user, User):
        members = members.filter(user=request.user)
    else:
        members = members.none()
    if slug:
        members = members.filter(workspace__slug=slug)
    keys = list(members.values_list("workspace_id", flat=True)[:2])
    if len(keys) != 1:
        raise NotFound(_("Name one of your workspaces with ?workspace=…"))
    return keys[0]


def workspace_named(slug: str) -> Workspace:
    """For commands, which act for whoever runs the instance."""
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        known = ", ".join(Workspace.objects.order_by("slug").values_list("slug", flat=True)[:20])
        raise NotFound(
            f"There is no workspace “{slug}”; there are: {known}."
            if known
            else f"There is no workspace “{slug}”, nor any other: manage.py add_workspace makes one."
        )
    return workspace


def access_colleague(member: Member, uid: UUID) -> Member:
    """Another member of the same workspace, active or not."""
    colleagues = member.workspace.members.select_related("workspace", "user")
    colleague = colleagues.filter(uid=uid).first()
    if colleague is None:
        raise NotFound(_("No such member."))
    return colleague


def access_colleagues(member: Member, uids: Collection[UUID]) -> MemberQuerySet:
    """All of those members of the same workspace; one that is not there hides the others."""
    colleagues = member.workspace.members.filter(uid__in=uids).select_related("workspace", "user")
    if colleagues.count() != len(set(uids)):
        raise NotFound(_("No such member."))
    return colleagues.order_by("pk")


def access_token(member: Member, uid: UUID) -> ApiToken:
    """One's own token; an owner has those of the whole workspace."""
    tokens = ApiToken.objects.visible_to(member).select_related("member__workspace")
    token = tokens.filter(uid=uid).first()
    if token is None:
        raise NotFound(_("No such token."))
    return token


def must_annotate(roles: Collection[str]) -> None:
    """Raises Forbidden: none of the roles lets a token judge."""
    if not {Role.ANNOTATOR.value, Role.OWNER.value}.intersection(roles):
        raise Forbidden(_("This needs the role annotator; an owner of the workspace can give it."))


def _allowed(member: Member | None, to: Act) -> Member:
    if member is None or (member.only_campaign is not None and to != "read"):
        raise NotFound(_("No such workspace, or you are not a member of it."))
    if not member.has(*ROLES_FOR[to]):
        told = _("This needs the role %(role)s; an owner of %(workspace)s can give it.")
        needed = _(" or ").join(str(ROLE_NAMES[role]) for role in ROLES_FOR[to])
        raise Forbidden(told % {"role": needed, "workspace": member.workspace})
    return member
