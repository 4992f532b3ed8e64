"""Payroll for programs; for owners."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.accounts.models import Member
from evalhub.common.rest import KeysetPagination
from evalhub.judgments.access import acting_pay_run
from evalhub.judgments.errors import MalformedBody
from evalhub.judgments.models import PayRun
from evalhub.judgments.pay.earned import earned_in
from evalhub.judgments.pay.runs import lines_of
from evalhub.judgments.pay_serializers import (
    EarnedLinesSerializer,
    EarnedSerializer,
    PayLineSerializer,
    PayLinesSerializer,
    PayRunSerializer,
)

WORKSPACE = OpenApiParameter("workspace", str, description="its slug; a token needs none")
FROM = OpenApiParameter("from", date, description="the first day, UTC; from the beginning")
TO = OpenApiParameter("to", date, description="the last day, UTC; today")


class Asked(NamedTuple):
    begin: datetime | None
    end: datetime  # not itself


class PayView(APIView):
    @extend_schema(parameters=[WORKSPACE, FROM, TO], responses=EarnedLinesSerializer)
    def get(self, request: Request) -> Response:
        """What each person earned in a period, by rate; whether it was paid out or not."""
        member = _owner(request)
        asked = days_asked(request)
        lines = earned_in(member.workspace, begin=asked.begin, end=asked.end)
        return Response({"lines": EarnedSerializer(lines, many=True).data})


@extend_schema(parameters=[WORKSPACE])
class PayRunListView(ListAPIView[PayRun]):
    """The closed pay runs, newest first."""

    serializer_class = PayRunSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[PayRun]:
        runs = PayRun.objects.filter(workspace=_owner(self.request).workspace)
        return runs.select_related("closed_by")


class PayRunView(APIView):
    @extend_schema(responses=PayLinesSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """What a closed pay run pays, by person and rate; corrections are lines of their own."""
        lines = lines_of(acting_pay_run(request, uid))
        return Response({"lines": PayLineSerializer(lines, many=True).data})


def days_asked(request: Request) -> Asked:
    """Raise MalformedBody where a day is none."""
    begin, end = (_day(request, name) for name in ("from", "to"))
    last = end or timezone.now().astimezone(UTC).date()
    return Asked(
        begin=None if begin is None else _midnight(begin),
        end=_midnight(last + timedelta(days=1)),
    )


def _owner(request: Request) -> Member:
    workspace = workspace_of(request, request.query_params.get("workspace"))
    return acting_member(request, workspace, to="own")


def _day(request: Request, name: str) -> date | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise MalformedBody(_("A day is written 2026-11-30."), field=name) from error


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
