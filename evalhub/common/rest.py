"""The API's manner: problems as RFC 9457, lists by keyset."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.exceptions import APIException, NotFound, ParseError, ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import exception_handler

from evalhub.common.errors import DomainError

PROBLEM = "application/problem+json"


class Json(JSONParser):
    """A body that nests a thousand deep is refused, where Python's parser gives up."""

    def parse(self, stream: Any, *rest: Any) -> Any:  # DRF's own signature
        try:
            return super().parse(stream, *rest)
        except RecursionError as error:
            raise ParseError("The body is nested too deep.") from error


class OneForm(DefaultContentNegotiation):
    """Where there is one form of answer it is given, whatever is asked for."""

    def select_renderer(
        self, request: Any, renderers: Any, format_suffix: str | None = None
    ) -> Any:  # DRF's own signature
        if len(renderers) == 1:
            return renderers[0], renderers[0].media_type
        return super().select_renderer(request, renderers, format_suffix)


def given_in(kind: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """What a request's body says, as `kind` reads it.

    Raises:
        ValidationError: a field is wrong.
    """
    asked = kind(data=request.data)
    asked.is_valid(raise_exception=True)
    found: dict[str, Any] = asked.validated_data
    return found


def problem_json(error: Exception, context: dict[str, Any]) -> Response | None:
    """Translate what a caller can act on into problem+json with a stable `code`.

    Anything else returns None, so that Django answers 500 and the log has the trace.
    """
    if isinstance(error, DomainError):
        body = problem(error.http_status, error.code, str(error), **error.data)
        return Response(body, status=error.http_status, content_type=PROBLEM)
    answer = exception_handler(error, context)
    if answer is None:
        return None
    code, detail, data = "invalid", "", {}
    if isinstance(error, ValidationError):
        detail, data = "Some fields are wrong.", {"fields": answer.data}
    elif isinstance(error, APIException):
        code, detail = str(error.get_codes()), str(error.detail)
    else:
        code, detail = (
            {403: "forbidden", 404: "not_found"}.get(answer.status_code, code),
            str(error),
        )
    answer.data = problem(answer.status_code, code, detail, **data)
    answer.content_type = PROBLEM
    return answer


def problem(status: int, code: str, detail: str, **data: object) -> dict[str, object]:
    title = HTTPStatus(status).phrase
    return {
        **data,
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
    }


class KeysetPagination(CursorPagination):
    """Newest first by key; flat in the length of the table.

    A cursor names a row by its uid: keys count, and would tell which model came first.
    """

    page_size = 50
    max_page_size = 500
    page_size_query_param = "limit"
    ordering = "-pk"

    _rows: QuerySet[Any]  # rows of any app
    _asked: Any = None  # a Cursor as the caller sent it, with a uid: its type says a number

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> Any:  # DRF's own
        self._rows = queryset
        return super().paginate_queryset(queryset, request, view)

    def decode_cursor(self, request: Any) -> Any:
        """The cursor with the key of the row that it names, which is looked up in the same list."""
        self._asked = super().decode_cursor(request)
        if self._asked is None or self._asked.position is None:
            return self._asked
        try:
            uid = UUID(self._asked.position)
        except ValueError as error:
            raise NotFound(self.invalid_cursor_message) from error
        key = self._rows.filter(uid=uid).values_list("pk", flat=True).first()
        if key is None:
            raise NotFound(self.invalid_cursor_message)
        return self._asked._replace(position=str(key))

    def encode_cursor(self, cursor: Any) -> str:
        if self._asked is not None and cursor.position == getattr(self.cursor, "position", None):
            cursor = cursor._replace(position=self._asked.position)  # an empty page's neighbour
        link: str = super().encode_cursor(cursor)
        return link

    def _get_position_from_instance(self, instance: Any, ordering: Any) -> str:
        return str(instance.uid)
