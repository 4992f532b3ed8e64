"""New people: an owner gets a link, the person sets the password. Nobody else ever knows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from evalhub.accounts.errors import InvitationOver, NameTaken
from evalhub.accounts.models import Member, User, Workspace
from evalhub.accounts.services import add_member
from evalhub.accounts.sign_in import chosen_provider, is_by_provider_only
from evalhub.accounts.trail import record_account
from evalhub.audit.services import record
from evalhub.common.errors import Conflict
from evalhub.mail.services import Wanted, is_on, link_to, post


@dataclass(frozen=True)
class Invited:
    member: Member
    path: str | None  # of the link to set a password; None: the account has one already
    mailed_to: str = ""  # the address that the link went to; empty: the owner sends it


@transaction.atomic
def invite(
    *,
    workspace: Workspace,
    username: str,
    roles: Iterable[str],
    pseudonym: str = "",
    email: str = "",
    by: Member | None = None,
) -> Invited:
    """Make somebody a member; an account is made when none has this user name.

    Where e-mail goes out and there is an address, the link of a new account goes there.

    Args:
        email: of a new account; one that is there keeps its own.

    Raises:
        NameTaken: they are a member already, or the pseudonym is another's.
    """
    user, is_new = User.objects.get_or_create(username=username, defaults={"email": email})
    if is_new:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    member = add_member(
        workspace=workspace, pseudonym=pseudonym or username, roles=roles, user=user, by=by
    )
    if not is_new:
        return Invited(member, None)
    path = _path(user)
    if email and is_on():
        _mail_invitation(member, email, path)
        return Invited(member, path, mailed_to=email)
    return Invited(member, path)


def invite_again(*, member: Member, by: Member) -> Invited:
    """A new link to send by hand, as long as the first was not used and no other workspace knows the account.

    Raises:
        Conflict: the person has a password, or signs in by a provider; a link would let
            whoever holds it in as them.
    """
    user = member.user
    if user is None or user.has_usable_password() or user.members.count() > 1:
        raise Conflict(_("This person has a password of their own, or is a member elsewhere too."))
    if user.identities.exists():
        raise Conflict(_("This person signs in by an identity provider and needs no link."))
    record(
        "member.invited_again",
        actor=by.pseudonym,
        workspace=member.workspace.slug,
        target=f"member {member.uid}",
    )
    return Invited(member, _path(user))


def invited_user(username: str, token: str) -> User:
    """Raise InvitationOver for a link that was used, is older than three days, or never was."""
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None or user.has_usable_password() or user.identities.exists():
        raise InvitationOver(_("This link was used, or is too old. Ask for a new one."))
    if not default_token_generator.check_token(user, token):
        raise InvitationOver(_("This link was used, or is too old. Ask for a new one."))
    return user


@transaction.atomic
def accept(*, user: User, password: str) -> User:
    """Set the first password; the link is used up by it."""
    user.set_password(password)
    user.save(update_fields=["password"])
    record_account("account.password_set", username=user.username)
    return user


def new_account(*, username: str, password: str) -> User:
    """Raise NameTaken when there is an account of that name."""
    if User.objects.filter(username=username).exists():
        told = _("There is an account “%(name)s” already; choose another name.")
        raise NameTaken(told % {"name": username})
    return User.objects.create_user(username, password=password)


def _mail_invitation(member: Member, email: str, path: str) -> None:
    workspace = member.workspace
    if is_by_provider_only():
        told = _("You sign in with %(name)s, under this address:")
        how, path = told % {"name": chosen_provider().name}, reverse("sign_in")
    else:
        how = _("With this link you choose your password. It works once and for three days:")
    said = [
        _("You were invited to %(workspace)s to judge what language models write.")
        % {"workspace": workspace},
        f"{how}\n{link_to(path)}",
        _("If you did not expect this, do nothing: nobody has your password."),
    ]
    letter = Wanted(
        to=email,
        subject=_("Your invitation to %(workspace)s") % {"workspace": workspace},
        text="\n\n".join([*said, ""]),
        once=f"invitation {member.uid}",
    )
    post([letter], workspace=workspace.slug)


def _path(user: User) -> str:
    return reverse("invitation", args=[user.username, default_token_generator.make_token(user)])
