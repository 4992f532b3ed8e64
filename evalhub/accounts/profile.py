"""What a person changes about their own account."""

from __future__ import annotations

from django.db import transaction

from evalhub.accounts.models import User
from evalhub.accounts.trail import record_account


def set_timezone(*, user: User, timezone: str) -> User:
    user.timezone = timezone
    user.save(update_fields=["timezone"])
    return user


@transaction.atomic
def set_password(*, user: User, password: str) -> User:
    """Ends every session of the account; the caller keeps its own."""
    user.set_password(password)
    user.save(update_fields=["password"])
    record_account("account.password_changed", username=user.username)
    return user
