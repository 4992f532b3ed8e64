from __future__ import annotations

from uuid import UUID

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, must_annotate, workspace_of
from evalhub.accounts.acting import Unread
from evalhub.accounts.authentication import UnreadBearerAuthentication, read
from evalhub.campaigns.access import acting_assignment
from evalhub.common.errors import NotFound
from evalhub.common.rest import KeysetPagination
from evalhub.judgments.access import acting_judgment
from evalhub.judgments.body import ReviseBody, SubmitBody, parsed
from evalhub.judgments.filters import judgments_asked_for
from evalhub.judgments.models import Judgment
from evalhub.judgments.serializers import JudgmentSerializer
from evalhub.judgments.services.revise import revise_judgment
from evalhub.judgments.services.submit import Asked, asked_by_token, asked_of, submit
from evalhub.judgments.services.withdraw import withdraw_judgment

SHAPE = OpenApiTypes.OBJECT  # msgspec checks the real shape; docs/api.md shows it


class SubmitView(APIView):
    authentication_classes = (UnreadBearerAuthentication, SessionAuthentication)

    @extend_schema(
        request=SHAPE,
        responses={200: SHAPE, 201: SHAPE},
        # as everywhere, only that the statement reads the token
        auth=[{"token": []}, {"cookieAuth": []}],  # type: ignore[list-item]  # the stubs err
    )
    def post(self, request: Request, uid: UUID) -> HttpResponse:
        """Store a judgment; lend the next task when `claim_next` says so."""
        asked = _asked_by(request, uid)
        body = parsed(request.body, SubmitBody)
        submitted = submit(asked=asked, assignment=uid, body=body)
        following = submitted.next
        answer = {
            "judgment": submitted.judgment,
            "next": None if following is None else following.public(),
        }
        return HttpResponse(
            msgspec.json.encode(answer),
            status=201 if submitted.is_new else 200,
            content_type="application/json",
        )


class ReviseView(APIView):
    @extend_schema(request=SHAPE, responses={201: SHAPE})
    def post(self, request: Request, uid: UUID) -> HttpResponse:
        """Change one's mind: a new judgment that supersedes the old one."""
        judgment, member = acting_judgment(request, uid)
        body = parsed(request.body, ReviseBody)
        revised = revise_judgment(judgment=judgment, by=member, body=body)
        return HttpResponse(
            msgspec.json.encode({"judgment": revised.uid, "supersedes": judgment.uid}),
            status=201,
            content_type="application/json",
        )


class WithdrawView(APIView):
    @extend_schema(request=None, responses=SHAPE)
    def post(self, request: Request, uid: UUID) -> HttpResponse:
        """Take a judgment back in its first seconds: the caller holds its task again."""
        judgment, _member = acting_judgment(request, uid)
        back = withdraw_judgment(judgment=judgment)
        answer = {"judgment": judgment.uid, "assignment": back.assignment, "token": back.token}
        return HttpResponse(msgspec.json.encode(answer), content_type="application/json")


@extend_schema(
    parameters=[
        OpenApiParameter("workspace", str, description="its slug; a token needs none"),
        OpenApiParameter("campaign", UUID),
        OpenApiParameter("source", str),
        OpenApiParameter("current", bool, description="leave out what was superseded or withdrawn"),
        OpenApiParameter("counted", bool, description="only what data and agreement count"),
    ]
)
class JudgmentListView(ListAPIView[Judgment]):
    """Judgments of the workspace, newest first; for leads, reviewers and engineers."""

    serializer_class = JudgmentSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Judgment]:
        asked = self.request.query_params
        workspace = workspace_of(self.request, asked.get("workspace"))
        acting_member(self.request, workspace, to="watch")
        return judgments_asked_for(workspace, asked)


def _asked_by(request: Request, assignment: UUID) -> Asked:
    """The caller's own assignment; for a token who they are and what they ask in one statement."""
    if not isinstance(request.auth, Unread):
        return asked_of(assignment, acting_assignment(request, assignment).member_id)
    asked = asked_by_token(assignment, request.auth.digest)
    must_annotate(read(request.auth).roles if asked is None else asked.roles)
    if asked is None:
        raise NotFound(_("No such assignment."))
    return asked
