"""Errors as pages: what happened, what was kept, what to do."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from evalhub.common.rest import PROBLEM, problem

SENTENCES = {
    400: "We could not read this request. Go back, reload the page and try again.",
    403: "You may not do this here. An owner of the workspace can give you the role.",
    404: "There is nothing here, or it is not yours to see.",
    500: "evalhub failed here, not you. What you submitted before this is kept; try again.",
}


def error_page(request: HttpRequest, *, status: int, sentence: str, code: str = "") -> HttpResponse:
    """A whole page, or for htmx only the note that takes the partial's place."""
    title = HTTPStatus(status).phrase
    context = {"status": status, "title": title, "sentence": sentence, "code": code}
    template = "web/_error.html" if getattr(request, "htmx", False) else "web/error.html"
    return render(request, template, context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _plain(request, 400, "bad_request")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _plain(request, 403, "forbidden")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    sentence = "This page was open too long, or in two windows. Reload it and send it again."
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
    context = {"status": 500, "title": HTTPStatus(500).phrase, "sentence": SENTENCES[500]}
    page = render_to_string("web/error.html", context | {"code": "broken", "csrf_token": ""})
    return HttpResponse(page, status=500)


def _plain(request: HttpRequest, status: int, code: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        body = problem(status, code, SENTENCES[status])
        return JsonResponse(body, status=status, content_type=PROBLEM)
    return error_page(request, status=status, sentence=SENTENCES[status], code=code)
