from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from evalhub.accounts.acting import Acting, Unread
from evalhub.common.canonical import sha256_of


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer …`; both request.user and request.auth are then an Acting."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        sent = _sent(request)
        if sent is None:
            return None
        acting = read(sent)
        return acting, acting

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class UnreadBearerAuthentication(BearerAuthentication):
    """For the one view whose statement reads the token itself: both are then an `Unread`."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        sent = _sent(request)
        return None if sent is None else (sent, sent)


def read(sent: Unread) -> Acting:
    """Raises AuthenticationFailed: it speaks for nobody."""
    acting = sent.read()
    if acting is None:
        raise AuthenticationFailed("This token is unknown or revoked. Make a new one.")
    return acting


def _sent(request: Request) -> Unread | None:
    given = request._request.META.get(
        "HTTP_AUTHORIZATION", ""
    )  # DRF would parse all headers for it
    scheme, _, text = given.partition(" ")
    return Unread(sha256_of(text.strip())) if scheme.lower() == "bearer" else None
