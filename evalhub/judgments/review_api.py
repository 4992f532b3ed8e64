"""Reviews for programs: what waits, one beside its task, and the three verdicts."""

from __future__ import annotations

from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.campaigns.access import acting_campaign
from evalhub.common.errors import NotFound
from evalhub.common.rest import KeysetPagination, given_in
from evalhub.judgments.access import acting_review
from evalhub.judgments.body import FixBody, parsed
from evalhub.judgments.errors import MalformedBody
from evalhub.judgments.filters import uid_of_campaign
from evalhub.judgments.looking import judged_page
from evalhub.judgments.models import Review
from evalhub.judgments.review_serializers import (
    ReturnSerializer,
    ReviewSerializer,
    SeenSerializer,
    VerdictSerializer,
)
from evalhub.judgments.services.review import (
    accept_judgment,
    fix_judgment,
    lend_review,
    return_reviewed,
    take_review,
)
from evalhub.judgments.told import answers_of

SHAPE = OpenApiTypes.OBJECT  # docs/api.md shows it
STATES = {"waiting": Q(verdict=""), "settled": ~Q(verdict="")}


@extend_schema(
    parameters=[
        OpenApiParameter("workspace", str, description="its slug; a token needs none"),
        OpenApiParameter("campaign", UUID),
        OpenApiParameter("state", str, enum=list(STATES)),
    ]
)
class ReviewListView(ListAPIView[Review]):
    """What was drawn for review, newest first; of one's own work nothing that still waits."""

    serializer_class = ReviewSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Review]:
        asked = self.request.query_params
        member = acting_member(
            self.request, workspace_of(self.request, asked.get("workspace")), to="review"
        )
        rows = Review.objects.filter(campaign__workspace=member.workspace_id)
        rows = rows.exclude(author=member, verdict="")
        if campaign := asked.get("campaign"):
            rows = rows.filter(campaign__uid=uid_of_campaign(campaign))
        if state := asked.get("state"):
            if state not in STATES:
                told = _("A state is one of %(known)s.") % {"known": ", ".join(STATES)}
                raise MalformedBody(told, field="state")
            rows = rows.filter(STATES[state])
        return rows.select_related("campaign", "judgment", "author", "reviewer")


class ReviewView(APIView):
    @extend_schema(responses=SHAPE)
    def get(self, request: Request, uid: UUID) -> Response:
        """One judgment beside its task, as its author saw it; whose it is once it has its verdict."""
        review, member = acting_review(request, uid)
        if review.author_id == member.pk and not review.verdict:
            raise NotFound(_("No such review."))
        return _shown(review)


class ReviewTakeView(APIView):
    @extend_schema(request=None, responses=SHAPE)
    def post(self, request: Request, uid: UUID) -> Response:
        """Hold it for half an hour; a verdict takes that one holds it."""
        review, member = acting_review(request, uid)
        take_review(review=review, by=member)
        return _shown(acting_review(request, uid).review)  # revised meanwhile: as it is now


class ReviewNextView(APIView):
    @extend_schema(request=None, responses={200: SHAPE, 204: None})
    def post(self, request: Request, uid: UUID) -> Response:
        """Hold what waits longest in a campaign; what one holds already comes first. 204: nothing."""
        campaign = acting_campaign(request, uid, to="review")
        member = acting_member(request, campaign.workspace_id, to="review")
        found = lend_review(campaign=campaign, by=member)
        if found is None:
            return Response(status=204)
        return _shown(acting_review(request, found.uid).review)


class ReviewAcceptView(APIView):
    @extend_schema(request=SeenSerializer, responses=VerdictSerializer)
    def post(self, request: Request, uid: UUID) -> Response:
        """It stays as it is."""
        review, member = acting_review(request, uid)
        given = given_in(SeenSerializer, request)
        return _settled(accept_judgment(review=review, by=member, **given))


class ReviewReturnView(APIView):
    @extend_schema(request=ReturnSerializer, responses=VerdictSerializer)
    def post(self, request: Request, uid: UUID) -> Response:
        """Hand it back to its author, with a reason."""
        review, member = acting_review(request, uid)
        given = given_in(ReturnSerializer, request)
        return _settled(return_reviewed(review=review, by=member, **given))


class ReviewFixView(APIView):
    @extend_schema(request=SHAPE, responses={201: SHAPE})
    def post(self, request: Request, uid: UUID) -> HttpResponse:
        """Say it better, as in a revision: these answers count in the place of the author's."""
        review, member = acting_review(request, uid)
        body = parsed(request.body, FixBody)
        fix = fix_judgment(review=review, seen=body.seen, body=body, by=member)
        told = {"judgment": fix.uid, "supersedes": body.seen}
        return HttpResponse(msgspec.json.encode(told), status=201, content_type="application/json")


def _shown(review: Review) -> Response:
    judgment = review.judgment
    page = judged_page(judgment)
    told = {
        **ReviewSerializer(review).data,
        "judged_at": judgment.judged_at,
        "active_ms": judgment.active_ms,
        "task": {
            "uid": str(judgment.task.uid),
            "type": judgment.campaign.type,
            "conversation": page["conversation"],
            "documents": [each.public() for each in page["documents"]],
            "reference": page["reference"],
            "responses": [
                {"label": each.label, "content": each.content}
                | ({"tool_calls": each.tool_calls} if each.tool_calls else {})
                for each in page["responses"]
            ],
        },
        "answers": answers_of(judgment),
    }
    return Response(told)


def _settled(review: Review) -> Response:
    return Response({"uid": str(review.uid), "verdict": review.verdict})
