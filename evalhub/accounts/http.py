from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from evalhub.accounts.models import User


class Request(HttpRequest):
    """A request after our middleware ran: somebody is signed in, and htmx is known."""

    user: User
    htmx: HtmxDetails
