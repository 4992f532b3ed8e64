"""Who it is that an identity provider speaks of, and whether they may enter."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from evalhub.accounts.errors import SignInRefused
from evalhub.accounts.models import Identity, Member, User, Workspace
from evalhub.accounts.services import add_member
from evalhub.accounts.sign_in import chosen_provider
from evalhub.accounts.trail import record_account
from evalhub.common.identity_provider import IdentityProvider, Joining


@dataclass(frozen=True)
class Claims:
    issuer: str
    subject: str
    email: str  # lower case; empty: the provider did not say
    is_verified: bool  # by the provider: the person reads that mailbox


def user_of(claims: Claims) -> User:
    """The account of that person; what they need to have one is done.

    A first sign-in takes over the account that was invited under the same verified address and
    never had a password. An account with a password is never taken over by an address: an owner
    of any workspace may have written it.

    Raises:
        SignInRefused: nobody invited them, or they may not enter; the sentence says what to do.
    """
    provider = chosen_provider()
    _in_a_domain(claims, provider)
    identity = (
        Identity.objects.select_related("user")
        .filter(issuer=claims.issuer, subject=claims.subject)
        .first()
    )
    try:
        user = identity.user if identity else _first_time(claims, provider)
    except IntegrityError as error:  # twice at once: the other window has won
        raise SignInRefused(_("You signed in in two windows at once. Sign in again.")) from error
    if not user.is_active:
        raise SignInRefused(_("This account is closed. Ask an owner of your workspace."))
    record_account("account.signed_in", username=user.username, by=provider.name)
    return user


def _in_a_domain(claims: Claims, provider: IdentityProvider) -> None:
    domain = claims.email.rpartition("@")[2]
    if provider.domains and not (claims.is_verified and domain in provider.domains):
        told = _("Only addresses of %(domains)s sign in here. Choose another account at %(name)s.")
        raise SignInRefused(told % {"domains": ", ".join(provider.domains), "name": provider.name})


@transaction.atomic
def _first_time(claims: Claims, provider: IdentityProvider) -> User:
    if not claims.email or not claims.is_verified:
        told = _(
            "%(name)s does not say that your e-mail address is yours. Confirm it there, then sign in again."
        )
        raise SignInRefused(told % {"name": provider.name})
    same = Q(email__iexact=claims.email) | Q(username__iexact=claims.email)
    known = list(User.objects.select_for_update().filter(same).order_by("pk")[:20])
    user = _invited(claims, known)
    if user is None:
        if known or provider.joining is None:
            raise SignInRefused(_no_account(claims, known))
        user = _joined(claims, provider.joining)
    Identity.objects.create(user=user, issuer=claims.issuer, subject=claims.subject)
    record_account("account.linked", username=user.username, issuer=claims.issuer)
    return user


def _invited(claims: Claims, known: list[User]) -> User | None:
    """The one account that waits for whoever has this address, if there is exactly one."""
    waiting = [
        user
        for user in known
        if user.is_active
        and not user.has_usable_password()
        and not user.identities.exists()
        and Member.objects.active().filter(user=user).exists()
    ]
    return waiting[0] if len(waiting) == 1 else None


def _no_account(claims: Claims, known: list[User]) -> str:
    if any(user.has_usable_password() for user in known):
        told = _("There is an account with a password under %(email)s: sign in with the password.")
    else:
        told = _(
            "Nobody has invited %(email)s. Ask an owner of your workspace to invite you with this address."
        )
    return told % {"email": claims.email}


def _joined(claims: Claims, joining: Joining) -> User:
    """A new account, in the workspace that whoever runs the instance chose for new people."""
    workspace = Workspace.objects.filter(slug=joining.workspace).first()
    if workspace is None:
        raise SignInRefused(_no_account(claims, []))
    user = User(username=claims.email[:150], email=claims.email)
    user.set_unusable_password()
    user.save()
    name = salted_hmac("evalhub.joined", f"{workspace.uid}:{claims.email}", algorithm="sha256")
    add_member(
        workspace=workspace,
        pseudonym=f"person-{name.hexdigest()[:8]}",
        roles=[joining.role],
        user=user,
    )
    return user
