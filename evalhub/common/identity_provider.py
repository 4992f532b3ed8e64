"""The provider by which people may sign in with OpenID Connect, as the environment names it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from evalhub.common.embedded.errors import CannotStart

ROLES_TO_JOIN_WITH = ("annotator", "reviewer")  # more than that somebody gives by hand


@dataclass(frozen=True)
class Joining:
    """Where people go whom nobody has invited."""

    workspace: str  # its slug
    role: str


@dataclass(frozen=True)
class IdentityProvider:
    issuer: str  # as the provider writes it, to the letter
    client_id: str
    client_secret: str = field(repr=False)
    name: str  # as people know it: "Sign in with NAME"
    domains: tuple[str, ...] = ()  # of e-mail addresses; none: any
    verified_claim: str = "email_verified"  # Entra has another
    joining: Joining | None = None  # None: only who is invited gets in
    is_only_way: bool = False  # no passwords


def identity_provider(
    *,
    issuer: str,
    client_id: str,
    secret: str,
    secret_file: str,
    name: str,
    domains: Sequence[str],
    verified_claim: str,
    join: str,
    only: bool,
) -> IdentityProvider | None:
    """The provider, or None when no issuer is set.

    Raises:
        CannotStart: something that it needs is missing or means nothing.
    """
    if not issuer:
        if only:
            raise CannotStart("EVALHUB_OIDC_ONLY is on, and EVALHUB_OIDC_ISSUER names no provider.")
        return None
    if not client_id:
        raise CannotStart("Set EVALHUB_OIDC_CLIENT_ID: the provider shows it beside the client.")
    return IdentityProvider(
        issuer=_safe_issuer(issuer),
        client_id=client_id,
        client_secret=_secret(secret, secret_file),
        name=name or urlsplit(issuer).hostname or issuer,
        domains=tuple(each.strip().lstrip("@").lower() for each in domains if each.strip()),
        verified_claim=verified_claim,
        joining=_joining(join),
        is_only_way=only,
    )


def _safe_issuer(given: str) -> str:
    """Over TLS, or on this machine: whoever can change its answers can sign in as anybody."""
    parts = urlsplit(given)
    is_here = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if not parts.hostname or not (parts.scheme == "https" or is_here):
        raise CannotStart(
            f"EVALHUB_OIDC_ISSUER is {given!r}. It begins with https:// (http:// only on 127.0.0.1)."
        )
    return given


def _secret(given: str, file: str) -> str:
    if given and file:
        raise CannotStart("Set EVALHUB_OIDC_CLIENT_SECRET or EVALHUB_OIDC_CLIENT_SECRET_FILE.")
    if not file:
        return given  # none: a public client, which PKCE protects
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        told = f"EVALHUB_OIDC_CLIENT_SECRET_FILE cannot be read: {error.strerror}."
        raise CannotStart(told) from error


def _joining(given: str) -> Joining | None:
    if not given:
        return None
    workspace, _colon, role = given.partition(":")
    if not workspace or role not in ROLES_TO_JOIN_WITH:
        words = " or ".join(f"{workspace or 'acme'}:{each}" for each in ROLES_TO_JOIN_WITH)
        raise CannotStart(f"EVALHUB_OIDC_JOIN is {given!r}. Set it to {words}.")
    return Joining(workspace, role)
