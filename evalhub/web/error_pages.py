"""Errors as pages: what happened, what was kept, what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from evalhub.common.rest import PROBLEM, problem

TITLES: dict[int, Any] = {  # `Any`: lazy translations
    400: _("Bad Request"),
    403: _("Forbidden"),
    404: _("Not Found"),
    409: _("Conflict"),
    422: _("Unprocessable Entity"),
    429: _("Too Many Requests"),
    500: _("Internal Server Error"),
    503: _("Service Unavailable"),
}
SENTENCES: dict[int, Any] = {
    400: _("We could not read this request. Go back, reload the page and try again."),
    403: _("You may not do this here. An owner of the workspace can give you the role."),
    404: _("There is nothing here, or it is not yours to see."),
    500: _("evalhub failed here, not you. What you submitted before this is kept; try again."),
}


def error_page(request: HttpRequest, *, status: int, sentence: str, code: str = "") -> HttpResponse:
    """A whole page, or for htmx only the note that takes the partial's place."""
    context = {"status": status, "title": _title(status), "sentence": sentence, "code": code}
    template = "web/_error.html" if getattr(request, "htmx", False) else "web/error.html"
    return render(request, template, context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _plain(request, 400, "bad_request")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _plain(request, 403, "forbidden")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    sentence = str(
        _("This page was open too long, or in two windows. Reload it and send it again.")
    )
    if request.path.startswith("/api/"):
        body = problem(403, "csrf", sentence)
        return JsonResponse(body, status=403, content_type=PROBLEM)
    return error_page(request, status=403, sentence=sentence, code="csrf")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _plain(request, 404, "not_found")


def broken(request: HttpRequest) -> HttpResponse:
    """Rendered without the request: sessions and messages may be what is broken."""
    if request.path.startswith("/api/"):
        return _plain(request, 500, "broken")
    context = {"status": 500, "title": _title(500), "sentence": SENTENCES[500]}
    page = render_to_string("web/error.html", context | {"code": "broken", "csrf_token": ""})
    return HttpResponse(page, status=500)


def _title(status: int) -> str:
    """What HTTP calls it, in the reader's language."""
    return str(TITLES.get(status) or HTTPStatus(status).phrase)


def _plain(request: HttpRequest, status: int, code: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        body = problem(status, code, str(SENTENCES[status]))
        return JsonResponse(body, status=status, content_type=PROBLEM)
    return error_page(request, status=status, sentence=str(SENTENCES[status]), code=code)
