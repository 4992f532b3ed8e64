"""Signing in by the identity provider that this instance names, if it names one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from evalhub.accounts.http import own_path
from evalhub.accounts.sign_in import chosen_provider


@never_cache
@require_GET
def to_provider(request: HttpRequest) -> HttpResponseBase:
    """A link and no form: a form's redirects would need each origin behind the provider in the CSP."""
    chosen_provider()
    from evalhub.accounts import oidc  # allauth is there only where a provider is set

    return oidc.to_provider(request, then=own_path(request, request.GET.get("next", "")))


@never_cache
@require_GET
def from_provider(request: HttpRequest) -> HttpResponseBase:
    chosen_provider()
    from evalhub.accounts import oidc

    return oidc.from_provider(request)
