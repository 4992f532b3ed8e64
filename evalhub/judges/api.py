"""Judge models for outsiders: make one, let it judge, read how far it agrees with people, accept it."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.campaigns.access import access_campaign
from evalhub.common.rest import KeysetPagination, given_in
from evalhub.judges.access import acting_judge, judges
from evalhub.judges.models import Judge
from evalhub.judges.queries import judge_summary, judging_summary
from evalhub.judges.serializers import (
    BarSerializer,
    JudgeSerializer,
    NewJudgeSerializer,
    NewJudgingSerializer,
    NewPromptSerializer,
)
from evalhub.judges.services import (
    accept_judge,
    create_judge,
    measure_again,
    revoke_acceptance,
    start_judging,
    write_prompt,
)
from evalhub.registry.access import model_named
from evalhub.rubrics.access import access_rubric_version

SUMMARY = OpenApiTypes.OBJECT  # as `manage.py judge --json` ends with


class JudgeListView(ListAPIView[Judge]):
    serializer_class = JudgeSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Judge]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        return judges().filter(workspace=member.workspace)

    @extend_schema(request=NewJudgeSerializer, responses={201: SUMMARY})
    def post(self, request: Request) -> Response:
        """Make a judge of a model of the registry, with a prompt in the rubric's words."""
        key = workspace_of(request, request.query_params.get("workspace"))
        member = acting_member(request, key, to="lead")
        given = given_in(NewJudgeSerializer, request)
        judge = create_judge(
            name=given["name"],
            model=model_named(member.workspace_id, given["model"]),
            version=access_rubric_version(member, given["rubric_version"]),
            by=member,
        )
        return Response(judge_summary(judge), status=201)


class JudgeView(APIView):
    @extend_schema(responses=SUMMARY)
    def get(self, request: Request, uid: UUID) -> Response:
        """What it is told, what it judged, how far it agrees with people, whether a lead accepts it."""
        judge, _ = acting_judge(request, uid, to="build")
        return Response(judge_summary(judge))


class JudgePromptView(APIView):
    @extend_schema(request=NewPromptSerializer, responses={201: SUMMARY})
    def post(self, request: Request, uid: UUID) -> Response:
        """Tell it otherwise from now on; whoever relied on it has to accept it anew."""
        judge, member = acting_judge(request, uid, to="lead")
        given = given_in(NewPromptSerializer, request)
        version = access_rubric_version(member, given["rubric_version"])
        write_prompt(judge=judge, version=version, instructions=given["instructions"], by=member)
        return Response(judge_summary(judge), status=201)


class JudgingView(APIView):
    @extend_schema(request=NewJudgingSerializer, responses={202: SUMMARY})
    def post(self, request: Request, uid: UUID) -> Response:
        """Put the tasks of a campaign before it, within a budget."""
        judge, member = acting_judge(request, uid, to="build")
        given = given_in(NewJudgingSerializer, request)
        campaign = access_campaign(member, given.pop("campaign"))
        judging = start_judging(judge=judge, campaign=campaign, by=member, **given)
        return Response(judging_summary(judging), status=202)


class JudgeMeasureView(APIView):
    @extend_schema(request=None, responses={202: SUMMARY})
    def post(self, request: Request, uid: UUID) -> Response:
        """Compare it with people anew; answers with the job."""
        judge, member = acting_judge(request, uid, to="build")
        return Response({"job": str(measure_again(judge=judge, by=member).uid)}, status=202)


class JudgeAcceptView(APIView):
    @extend_schema(request=BarSerializer, responses=SUMMARY)
    def post(self, request: Request, uid: UUID) -> Response:
        """Let builds count its judgments while the bar is met; 409 with the figures where it is not."""
        judge, member = acting_judge(request, uid, to="lead")
        accept_judge(judge=judge, by=member, **given_in(BarSerializer, request))
        return Response(judge_summary(judge))


class JudgeRevokeView(APIView):
    @extend_schema(request=None, responses=SUMMARY)
    def post(self, request: Request, uid: UUID) -> Response:
        """Rely on it no more."""
        judge, member = acting_judge(request, uid, to="lead")
        revoke_acceptance(judge=judge, by=member)
        return Response(judge_summary(judge))
