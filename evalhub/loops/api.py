"""Rounds for outsiders: start one, read how it goes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.accounts.models import Member
from evalhub.common.rest import KeysetPagination
from evalhub.evaluation.services import note_looks
from evalhub.loops.access import acting_loop, acting_round
from evalhub.loops.deciding import decide_on
from evalhub.loops.forecast import forecast_of
from evalhub.loops.models import Loop, Round
from evalhub.loops.policy import merged
from evalhub.loops.report import round_report, sets_of
from evalhub.loops.rolling_back import roll_back
from evalhub.loops.serializers import (
    DecideSerializer,
    GoOnSerializer,
    LoopChangesSerializer,
    LoopSerializer,
    RollBackSerializer,
)
from evalhub.loops.services import (
    LoopChanges,
    cancel_round,
    edit_loop,
    let_go_on,
    resume_round,
    start_round,
)
from evalhub.loops.telling import next_round
from evalhub.prompts.access import access_collection
from evalhub.registry.access import access_model
from evalhub.rubrics.access import access_rubric_version

REPORT = OpenApiTypes.OBJECT  # as `manage.py run_round --json` ends with


class LoopListView(ListAPIView[Loop]):
    serializer_class = LoopSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Loop]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        loops = Loop.objects.filter(workspace=member.workspace)
        return loops.select_related("base_model", "incumbent", "collection", "rubric_version")


class LoopView(APIView):
    @extend_schema(responses=LoopSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """A Loop with its policy, every field."""
        loop, _ = acting_loop(request, uid, to="build")
        return Response(LoopSerializer(loop).data)

    @extend_schema(request=LoopChangesSerializer, responses=LoopSerializer)
    def patch(self, request: Request, uid: UUID) -> Response:
        """Change what the next Round does; fields of the policy that are not given stay.

        `null` gives a field its default again (a JSON merge patch, RFC 7396).
        """
        loop, member = acting_loop(request, uid, to="engineer")
        asked = LoopChangesSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        changes: LoopChanges = {}
        if "name" in given:
            changes["name"] = given["name"]
        if "collection" in given:
            changes["collection"] = access_collection(member, given["collection"])
        if "rubric_version" in given:
            changes["rubric_version"] = access_rubric_version(member, given["rubric_version"])
        if "policy" in given:
            changes["policy"] = merged(loop.policy, given["policy"])
        edit_loop(loop=loop, by=member, **changes)
        changed, _ = acting_loop(request, uid, to="engineer")
        return Response(LoopSerializer(changed).data)


class LoopNextView(APIView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, uid: UUID) -> Response:
        """What the next Round waits for, in words, and what holds it."""
        loop, _ = acting_loop(request, uid, to="build")
        return Response(next_round(loop))


class LoopDryRunView(APIView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, uid: UUID) -> Response:
        """What a Round would do now and what it would cost; nothing is changed."""
        loop, _ = acting_loop(request, uid, to="build")
        return Response(forecast_of(loop).as_json() | {"next": next_round(loop)})


class LoopGoOnView(APIView):
    @extend_schema(request=GoOnSerializer, responses=LoopSerializer)
    def post(self, request: Request, uid: UUID) -> Response:
        """Let a paused Loop start Rounds again; for leads, with a reason."""
        loop, member = acting_loop(request, uid, to="lead")
        asked = GoOnSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        let_go_on(loop=loop, by=member, reason=asked.validated_data["reason"])
        changed, _ = acting_loop(request, uid, to="lead")
        return Response(LoopSerializer(changed).data)


class LoopRoundsView(APIView):
    @extend_schema(request=None, responses={201: REPORT})
    def post(self, request: Request, uid: UUID) -> Response:
        """Start a Round; 409 `round_running` while the last one has not ended."""
        loop, member = acting_loop(request, uid, to="engineer")
        return Response(_told(start_round(loop=loop, by=member), member), status=201)


class LoopDecideView(APIView):
    @extend_schema(request=DecideSerializer, responses={201: REPORT})
    def post(self, request: Request, uid: UUID) -> Response:
        """Measure a model that no Round of the Loop made, and decide on it by the Loop's gate."""
        loop, member = acting_loop(request, uid, to="engineer")
        asked = DecideSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        model = access_model(member, asked.validated_data["model"])
        return Response(_told(decide_on(loop=loop, model=model, by=member), member), status=201)


class LoopRollBackView(APIView):
    @extend_schema(request=RollBackSerializer, responses=LoopSerializer)
    def post(self, request: Request, uid: UUID) -> Response:
        """Put a model back that was in service before; `model` null is the base itself."""
        loop, member = acting_loop(request, uid, to="engineer")
        asked = RollBackSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        named = asked.validated_data["model"]
        roll_back(
            loop=loop,
            to=access_model(member, named) if named else None,
            reason=asked.validated_data["reason"],
            by=member,
        )
        changed, _ = acting_loop(request, uid, to="engineer")
        return Response(LoopSerializer(changed).data)


class RoundView(APIView):
    @extend_schema(responses=REPORT)
    def get(self, request: Request, uid: UUID) -> Response:
        """How far it is: the report, and each Step with its error. Its figures are a look at their sets."""
        round_, member = acting_round(request, uid, to="build")
        return Response(_told(round_, member) | {"steps": _steps(round_.steps.all())})


class RoundResumeView(APIView):
    @extend_schema(request=None, responses=REPORT)
    def post(self, request: Request, uid: UUID) -> Response:
        """Go on from the Step that failed."""
        round_, member = acting_round(request, uid, to="engineer")
        return Response(_told(resume_round(round_=round_, by=member), member))


class RoundCancelView(APIView):
    @extend_schema(request=None, responses=REPORT)
    def post(self, request: Request, uid: UUID) -> Response:
        """Stop at the running Step."""
        round_, member = acting_round(request, uid, to="engineer")
        return Response(_told(cancel_round(round_=round_, by=member), member))


def _told(round_: Round, member: Member) -> dict[str, Any]:
    """The report; its figures are a look at their sets."""
    note_looks(by=member, digests=sets_of(round_))
    return round_report(round_)


def _steps(steps: Any) -> list[dict[str, Any]]:  # a related manager's QuerySet
    return [
        {"kind": step.kind, "state": step.state, "error": step.error, "policy": step.policy}
        for step in steps
    ]
