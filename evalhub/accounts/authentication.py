from __future__ import annotations

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from evalhub.accounts.acting import Acting, acting_by_digest
from evalhub.common.canonical import sha256_of


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer …`; both request.user and request.auth are then an Acting."""

    def authenticate(self, request: Request) -> tuple[Acting, Acting] | None:
        scheme, _, text = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        acting = acting_by_digest(sha256_of(text.strip()))
        if acting is None:
            raise AuthenticationFailed("This token is unknown or revoked. Make a new one.")
        return acting, acting

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
