"""One place each: errors into answers, sessions that ran out, the reader's zone, headers."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from typing import cast
from urllib.parse import urlencode

from csp.utils import build_policy
from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.cache import patch_cache_control

from evalhub.accounts.http import Request
from evalhub.common.errors import DomainError
from evalhub.common.rest import PROBLEM, problem
from evalhub.web.error_pages import error_page

Answer = Callable[[HttpRequest], HttpResponseBase]


def without_nul(get_response: Answer) -> Answer:
    """An address with U+0000 in it names nothing of ours, and PostgreSQL refuses to look for it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("The address holds the character U+0000.")
        return get_response(request)

    return middleware


class DomainErrors:
    """A DomainError that a view let through becomes a page, a note for htmx, or a problem.

    The annotator's page asks by script, too, and tells its requests by a header.
    """

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DomainError):
            return None
        by_script = request.headers.get("X-Requested-With") == "judge"
        if by_script or request.path.startswith("/api/"):
            body = problem(error.http_status, error.code, str(error), **error.data)
            return JsonResponse(body, status=error.http_status, content_type=PROBLEM)
        return error_page(request, status=error.http_status, sentence=str(error), code=error.code)


def sign_in_again(get_response: Answer) -> Answer:
    """A session that ran out sends the whole page to sign in, not the form into a partial."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code != 302:
            return response
        details = cast(Request, request).htmx
        if not details:
            return response
        sign_in = resolve_url(settings.LOGIN_URL)
        if not response.headers.get("Location", "").startswith(sign_in):
            return response
        back = details.current_url_abs_path or "/"
        answer = HttpResponse(status=204)
        answer.headers["HX-Redirect"] = f"{sign_in}?{urlencode({'next': back})}"
        return answer

    return middleware


def local_time(get_response: Answer) -> Answer:
    """Times on pages are in the reader's zone; the API speaks UTC."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(("/api/", "/health/")):
            return get_response(request)
        name = getattr(request.user, "timezone", "UTC")
        with timezone.override(zoneinfo.ZoneInfo(name)):
            return get_response(request)

    return middleware


def headers(get_response: Answer) -> Answer:
    """What we add to each answer beyond Django's own headers.

    The policy is the same on every page, so it is put together once and not, as by django-csp's own
    middleware, twice for each answer.
    """
    policy = build_policy()

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not (settings.DEBUG and response.status_code in (404, 500)):  # Django's own style there
            response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("X-Robots-Tag", "noindex, nofollow")
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        )
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
        return response

    return middleware
