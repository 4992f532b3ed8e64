"""What a person changes about their own account."""

from __future__ import annotations

from django.db import transaction

from evalhub.accounts.choices import MailWish
from evalhub.accounts.models import User
from evalhub.accounts.trail import record_account


def set_timezone(*, user: User, timezone: str) -> User:
    user.timezone = timezone
    user.save(update_fields=["timezone"])
    return user


@transaction.atomic
def set_mail_wish(*, user: User, wish: MailWish) -> User:
    """Count from the next notification on."""
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
