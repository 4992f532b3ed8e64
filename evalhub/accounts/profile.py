"""What a person changes about their own account."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import get_language

from evalhub.accounts.choices import MailWish
from evalhub.accounts.models import User
from evalhub.accounts.trail import record_account


def set_timezone(*, user: User, timezone: str) -> User:
    user.timezone = timezone
    user.save(update_fields=["timezone"])
    return user


def set_language(*, user: User, language: str) -> User:
    """What they are told from now on is in it; pages go by the browser that shows them."""
    user.language = language
    user.save(update_fields=["language"])
    return user


def learn_language(*, user: User) -> None:
    """Whose language nobody knows yet has the one that they are being shown."""
    shown = get_language()
    if not user.language and shown is not None:
        set_language(user=user, language=shown)


@transaction.atomic
def set_mail_wish(*, user: User, wish: MailWish) -> User:
    """Count from the next notification on."""
    learn_language(user=user)
    if wish != user.wants_mail:
        user.wants_mail = wish
        user.save(update_fields=["wants_mail"])
        record_account("account.mail_wish_set", username=user.username, wish=wish)
    return user


@transaction.atomic
def set_password(*, user: User, password: str) -> User:
    """Ends every session of the account; the caller keeps its own."""
    user.set_password(password)
    user.save(update_fields=["password"])
    record_account("account.password_changed", username=user.username)
    return user
