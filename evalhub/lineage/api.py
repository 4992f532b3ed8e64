from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.common.rest import KeysetPagination
from evalhub.datasets.access import acting_build
from evalhub.lineage.access import KINDS, TO_WITHDRAW, access_subject, acting_withdrawal
from evalhub.lineage.errors import NameOne
from evalhub.lineage.queries import as_json, touched_by
from evalhub.lineage.serializers import (
    CheckSerializer,
    NewCheckSerializer,
    NewWithdrawalSerializer,
    ReasonSerializer,
    WithdrawalSerializer,
)
from evalhub.lineage.services import start_check, take_back, withdraw
from evalhub.quality.models import Withdrawal


class LineageView(APIView):
    @extend_schema(
        responses=OpenApiTypes.OBJECT,
        parameters=[OpenApiParameter(kind, OpenApiTypes.UUID) for kind in KINDS],
    )
    def get(self, request: Request) -> Response:
        """Every build, run, model, evaluation and promotion that one judgment, prompt or member touched."""
        key = workspace_of(request, request.query_params.get("workspace"))
        member = acting_member(request, key, to="build")
        kind, uid = _named(request.query_params.dict())
        return Response(as_json(touched_by(access_subject(member, kind, uid))))


class WithdrawalListView(ListAPIView[Withdrawal]):
    """What is withdrawn from data, and was, newest first."""

    serializer_class = WithdrawalSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Withdrawal]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        rows = Withdrawal.objects.filter(workspace=member.workspace)
        return rows.select_related("judgment", "prompt", "member", "reinstatement")

    @extend_schema(request=NewWithdrawalSerializer, responses={201: WithdrawalSerializer})
    def post(self, request: Request) -> Response:
        """Keep a judgment, a prompt or a member out of all data from now on."""
        asked = NewWithdrawalSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        key = workspace_of(request, values.get("workspace"))
        member = acting_member(request, key, to="lead")
        kind, uid = _named(values)
        member = acting_member(request, key, to=TO_WITHDRAW[kind])
        made = withdraw(
            subject=access_subject(member, kind, uid),
            reason=values["reason"],
            builds_again=values["builds_again"],
            by=member,
        )
        return Response(WithdrawalSerializer(made).data, status=201)


class ReinstateView(APIView):
    @extend_schema(request=ReasonSerializer, responses=WithdrawalSerializer)
    def post(self, request: Request, uid: UUID) -> Response:
        """Let what was withdrawn count again, from the next build on."""
        withdrawal, member = acting_withdrawal(request, uid)
        asked = ReasonSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        take_back(withdrawal=withdrawal, reason=asked.validated_data["reason"], by=member)
        return Response(WithdrawalSerializer(withdrawal).data)


class ChecksView(APIView):
    @extend_schema(responses=CheckSerializer(many=True))
    def get(self, request: Request, uid: UUID) -> Response:
        """The last 50 looks for a build's texts in other sets, newest first."""
        build = acting_build(request, uid)
        checks = build.contamination_checks.select_related("build", "job")[:50]
        return Response(CheckSerializer(checks, many=True).data)

    @extend_schema(request=NewCheckSerializer, responses={202: CheckSerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        """Look for a build's texts in a collection, in another build or in a benchmark."""
        build = acting_build(request, uid)
        asked = NewCheckSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        member = acting_member(request, build.workspace_id, to="build")
        check = start_check(build=build, against=asked.against(), by=member)
        return Response(CheckSerializer(check).data, status=202)


def _named(values: dict[str, Any]) -> tuple[str, UUID]:
    """Raise NameOne unless exactly one of the three is named, by a uid."""
    named = [(kind, values[kind]) for kind in KINDS if values.get(kind)]
    if len(named) != 1:
        raise NameOne(f"Name one of {', '.join(KINDS)}, by its uid.")
    kind, uid = named[0]
    try:
        return kind, UUID(str(uid))
    except ValueError as error:
        raise NameOne(f"{uid} is not a uid.") from error
