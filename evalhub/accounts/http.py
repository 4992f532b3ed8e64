from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from evalhub.accounts.models import User
from evalhub.accounts.profile import learn_language
from evalhub.accounts.sign_in import BACKEND


class Request(HttpRequest):
    """A request after our middleware ran: somebody is signed in, and htmx is known."""

    user: User
    htmx: HtmxDetails


def enter(request: HttpRequest, user: User) -> None:
    """Sign somebody in who has shown who they are."""
    login(request, user, backend=BACKEND)
    learn_language(user=user)


def own_path(request: HttpRequest, wanted: str) -> str:
    """Where to go after signing in: `wanted`, but never to another host."""
    if url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    return resolve_url(settings.LOGIN_REDIRECT_URL)
