"""Signing in, with a bound on guessing: 10 wrong passwords per name and 100 per address in 15 minutes."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from evalhub.accounts.errors import SignInRefused, TooManyTries
from evalhub.accounts.models import FailedSignIn, User
from evalhub.accounts.trail import record_account
from evalhub.common.canonical import sha256_of
from evalhub.common.errors import NotFound
from evalhub.common.identity_provider import IdentityProvider

BACKEND = "evalhub.accounts.backends.Backend"
WINDOW = timedelta(minutes=15)
MOST_PER_NAME = 10
MOST_PER_ADDRESS = 100


def chosen_provider() -> IdentityProvider:
    """Raise NotFound where the instance names none."""
    chosen: IdentityProvider | None = settings.EVALHUB_OIDC
    if chosen is None:
        raise NotFound(_("There is nothing here, or it is not yours to see."))
    return chosen


def is_by_provider_only() -> bool:
    return settings.EVALHUB_OIDC is not None and settings.EVALHUB_OIDC.is_only_way


def may_have_password(user: User) -> bool:
    return user.has_usable_password() and not is_by_provider_only()


def check_door(request: HttpRequest, door: str) -> None:
    """Raise TooManyTries when too many knocked at this door from the same address lately."""
    tries = FailedSignIn.objects.filter(key=_key(request, door), at__gte=timezone.now() - WINDOW)
    if tries.count() >= MOST_PER_ADDRESS:
        raise TooManyTries(_("Too many tries from your address. Wait 15 minutes, then try again."))


def count_try(request: HttpRequest, door: str) -> None:
    """A wrong secret, or a new account: what nobody needs a hundred times in 15 minutes."""
    FailedSignIn.objects.filter(at__lt=timezone.now() - WINDOW).delete()
    FailedSignIn.objects.create(key=_key(request, door))


def _key(request: HttpRequest, door: str) -> str:
    return sha256_of(f"{door}:{request.META.get('REMOTE_ADDR', '')}")


def user_with_password(request: HttpRequest, *, username: str, password: str) -> User | None:
    """The account, or None when name and password do not fit together.

    Raises:
        SignInRefused: passwords do not open anything here.
        TooManyTries: too many wrong ones lately; a right one is refused as well.
    """
    if is_by_provider_only():
        told = _("Passwords are not used here. Sign in with %(name)s.")
        raise SignInRefused(told % {"name": chosen_provider().name})
    name = sha256_of(f"name:{username.casefold()}")
    address = _key(request, "address")
    since = timezone.now() - WINDOW
    failed = FailedSignIn.objects.filter(at__gte=since)
    by_name, by_address = failed.filter(key=name).count(), failed.filter(key=address).count()
    if by_name >= MOST_PER_NAME or by_address >= MOST_PER_ADDRESS:
        raise TooManyTries(_("Too many wrong passwords. Wait 15 minutes, then try again."))
    user = authenticate(request, username=username, password=password)
    if isinstance(user, User):
        FailedSignIn.objects.filter(key=name).delete()
        record_account("account.signed_in", username=user.username)
        return user
    FailedSignIn.objects.filter(at__lt=since).delete()
    FailedSignIn.objects.bulk_create([FailedSignIn(key=name), FailedSignIn(key=address)])
    if by_name + 1 == MOST_PER_NAME:
        record_account("account.locked", username=username, minutes=15)
    return None
