"""What an owner is shown to send to somebody new: a link, or the name of what they sign in with."""

from __future__ import annotations

from django.http import HttpRequest

from evalhub.accounts.invitations import Invited
from evalhub.accounts.sign_in import chosen_provider, is_by_provider_only


def link_for(request: HttpRequest, invited: Invited) -> str:
    """Empty: it was mailed, they have an account already, or no link opens anything here."""
    if invited.path is None or invited.mailed_to or is_by_provider_only():
        return ""
    return request.build_absolute_uri(invited.path)


def only_provider() -> str:
    """The provider's name where nobody has a password, else empty."""
    return chosen_provider().name if is_by_provider_only() else ""
