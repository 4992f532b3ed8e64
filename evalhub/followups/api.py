"""Follow-ups for outsiders: start one, read how it goes, end it."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.common.rest import KeysetPagination
from evalhub.evaluation.access import engineer_of
from evalhub.followups.access import about_named, acting_follow_up, follow_ups
from evalhub.followups.models import FollowUp
from evalhub.followups.serializers import FollowUpSerializer, NewFollowUpSerializer
from evalhub.followups.services import end_follow_up, start_follow_up
from evalhub.registry.access import model_named


class FollowUpListView(ListAPIView[FollowUp]):
    serializer_class = FollowUpSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[FollowUp]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        return follow_ups().filter(workspace=member.workspace)

    @extend_schema(request=NewFollowUpSerializer, responses={202: FollowUpSerializer})
    def post(self, request: Request) -> Response:
        """Ask whether a model learned what people said; 409 `nothing_to_follow` where they said nothing."""
        member = engineer_of(request)
        asked = NewFollowUpSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        follow_up = start_follow_up(
            model=model_named(member.workspace_id, given["model"]),
            about=about_named(
                member.workspace,
                campaign=given.get("campaign"),
                collection=given.get("collection", ""),
            ),
            votes=given["votes"],
            most_prompts=given["most_prompts"],
            max_new_tokens=given["max_new_tokens"],
            accepts_simulated=given["accepts_simulated"],
            by=member,
        )
        return Response(FollowUpSerializer(follow_up).data, status=202)


class FollowUpView(APIView):
    @extend_schema(responses=FollowUpSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """Where a follow-up stands; done, which share is resolved, by criterion."""
        follow_up, _ = acting_follow_up(request, uid, to="build")
        return Response(FollowUpSerializer(follow_up).data)


class FollowUpEndView(APIView):
    @extend_schema(request=None, responses={202: FollowUpSerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        """Ask nobody any more; what is in is counted. 409 `follow_up_ended` where it is over."""
        follow_up, member = acting_follow_up(request, uid, to="engineer")
        ended = end_follow_up(follow_up=follow_up, by=member)
        return Response(FollowUpSerializer(ended).data, status=202)
