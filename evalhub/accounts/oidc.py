"""OpenID Connect as allauth speaks it, stricter: the code flow with PKCE, state and nonce.

Imported only where a provider is set. allauth brings discovery, state, PKCE and the exchange of the
code; it hands over the claims, and none of its accounts, pages or tables is used.
"""

from __future__ import annotations

import secrets
from typing import Any, NoReturn

import jwt
import requests
import structlog
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.translation import gettext as _

from evalhub.accounts.errors import SignInRefused
from evalhub.accounts.http import enter
from evalhub.accounts.identities import Claims, user_of
from evalhub.accounts.sign_in import chosen_provider

SIGNED_WITH = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"})
Json = dict[str, Any]  # Any: what the provider sent
UNUSABLE = (OAuth2Error, requests.RequestException, ValueError, KeyError)  # an answer of its
log = structlog.get_logger(__name__)


class Protocol(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # allauth carries no types
    """The provider's side of the conversation."""

    def get_provider(self) -> Provider:
        return provider_for(self.request)

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return request.build_absolute_uri(reverse("sign_in_oidc_callback"))

    @property
    def openid_config(self) -> Json:
        config: Json = super().openid_config
        issuer = self.get_provider().app.settings["server_url"]
        if str(config.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
            raise OAuth2Error("The configuration names another issuer.")
        return config

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Json
    ) -> SocialLogin:
        claims = self._checked(str(kwargs["response"].get("id_token", "")))
        verified = chosen_provider().verified_claim
        if not (claims.get("email") and verified in claims) and (
            "userinfo_endpoint" in self.openid_config
        ):
            more: Json = self._fetch_user_info(token.token)
            if more.get("sub") != claims["sub"]:
                raise OAuth2Error("The user information is about somebody else.")
            # An address and the word that it is confirmed come out of one and the same answer
            claims |= {"email": more.get("email"), verified: more.get(verified)}
        return self.get_provider().sociallogin_from_response(request, {"id_token": claims})

    def _checked(self, id_token: str) -> Json:
        """The claims; allauth trusts TLS for the signature, and another layer costs little."""
        try:
            header = jwt.get_unverified_header(id_token)
        except jwt.PyJWTError as error:
            raise OAuth2Error("The id_token cannot be read.") from error
        if header.get("alg") not in SIGNED_WITH or "kid" not in header:
            raise OAuth2Error("The id_token is not signed with a public key.")
        claims: Json = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=self.get_provider().app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise OAuth2Error("The id_token says nothing about who it is.")
        return claims


class Provider(OpenIDConnectProvider):  # type: ignore[misc]
    oauth2_adapter_class = Protocol
    pkce_enabled_default = True


class Adapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Where allauth asks what to do: everything that decides is ours."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> NoReturn:
        """The provider has spoken: sign the person in, or refuse; allauth's own way ends here."""
        said: Json = sociallogin.account.extra_data["id_token"]
        nonce = str(sociallogin.state.get("nonce") or "")
        if not nonce or not secrets.compare_digest(nonce, str(said.get("nonce") or "")):
            raise failed("another nonce than ours")
        user = user_of(_claims(said))
        enter(request, user)
        raise ImmediateHttpResponse(
            redirect(sociallogin.state.get("next") or resolve_url(settings.LOGIN_REDIRECT_URL))
        )

    def on_authentication_error(self, *args: object, **kwargs: object) -> NoReturn:
        raise failed(kwargs.get("exception") or "no answer to a question of ours")


def provider_for(request: HttpRequest) -> Provider:
    chosen = chosen_provider()
    app = SocialApp(
        provider=Provider.id,
        provider_id="oidc",
        name=chosen.name,
        client_id=chosen.client_id,
        secret=chosen.client_secret,
        settings={"server_url": chosen.issuer},
    )
    return Provider(request, app=app)


def to_provider(request: HttpRequest, *, then: str) -> HttpResponseBase:
    """Send the browser to the provider; `then` is the path of ours where it goes in the end."""
    nonce = secrets.token_urlsafe(24)
    provider = provider_for(request)
    try:
        answer: HttpResponseBase = provider.redirect(
            request, process="login", next_url=then, auth_params={"nonce": nonce}, nonce=nonce
        )
    except UNUSABLE as error:
        raise failed(error) from error
    return answer


def from_provider(request: HttpRequest) -> HttpResponseBase:
    """Take what the provider sent along, and sign the person in.

    Raises:
        SignInRefused: it is not an answer to our question, or the person may not enter.
    """
    view = OAuth2CallbackView.adapter_view(Protocol(request, "oidc"))
    try:
        answer: HttpResponseBase = view(request)
    except UNUSABLE as error:
        raise failed(error) from error
    return answer


def failed(why: object) -> SignInRefused:
    """One sentence for the person; for the log what it was, without what the provider sent."""
    log.warning("sign_in.failed", kind=type(why).__name__, why=str(why).partition(":")[0])
    told = _(
        "Signing in with %(name)s did not work. Begin again from the sign-in page; if it fails again, tell whoever runs this instance."
    )
    return SignInRefused(told % {"name": chosen_provider().name})


def _claims(said: Json) -> Claims:
    chosen = chosen_provider()
    verified = said.get(chosen.verified_claim)
    return Claims(
        issuer=chosen.issuer,
        subject=said["sub"],
        email=str(said.get("email") or "").strip().lower(),
        is_verified=verified is True or verified in ("true", "1", 1),  # Cognito and Entra
    )
