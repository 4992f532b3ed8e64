"""Errors as pages: what happened, what was kept, what to do."""

from __future__ import annotations

import sys
from http import HTTPStatus
from typing import Any

from django.db import InterfaceError, OperationalError
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
    503: _(
        "The database is away for a moment. What you submitted before this is kept; try again in a few "
        "seconds."
    ),
}
_AWAY = (
    "08",
    "57P",
    "53",
)  # SQLSTATE: no connection, shut down or starting, out of connections or disk
_RETRY_SECONDS = 5


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
    """Rendered without the request: sessions and messages may be what is broken.

    Django calls it while it handles the error. Without a database that is no fault of ours, and passes.
    """
    status, code = (503, "database_away") if _is_away(sys.exception()) else (500, "broken")
    if request.path.startswith("/api/"):
        answer = _plain(request, status, code)
    else:
        context = {"status": status, "title": _title(status), "sentence": SENTENCES[status]}
        page = render_to_string("web/error.html", context | {"code": code, "csrf_token": ""})
        answer = HttpResponse(page, status=status)
    if status == 503:
        answer.headers["Retry-After"] = str(_RETRY_SECONDS)
    return answer


def _is_away(error: BaseException | None) -> bool:
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)  # None: nobody was there to say one
    return state is None or state.startswith(_AWAY)


def _title(status: int) -> str:
    """What HTTP calls it, in the reader's language."""
    return str(TITLES.get(status) or HTTPStatus(status).phrase)


def _plain(request: HttpRequest, status: int, code: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        body = problem(status, code, str(SENTENCES[status]))
        return JsonResponse(body, status=status, content_type=PROBLEM)
    return error_page(request, status=status, sentence=str(SENTENCES[status]), code=code)
