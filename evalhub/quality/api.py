from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.campaigns.access import acting_campaign, acting_task
from evalhub.campaigns.models import Campaign
from evalhub.judgments.body import parsed
from evalhub.quality.body import VerdictBody
from evalhub.quality.choices import Cause
from evalhub.quality.disputes import most_at_stake, told_of
from evalhub.quality.models import Consensus, UnitConsensus
from evalhub.quality.services import adjudicate
from evalhub.quality.sureness import least_sure, questions_in, told
from evalhub.quality.sureness_views import csv_of

SHAPE = OpenApiTypes.OBJECT  # docs/api.md shows it


class AskedSerializer(serializers.Serializer[UnitConsensus]):
    """Which part of a campaign's consensus is wanted."""

    question = serializers.CharField(default="", max_length=50)
    below = serializers.FloatField(default=None, min_value=0, max_value=1)
    after = serializers.CharField(default="", max_length=60)


class ConsensusView(APIView):
    @extend_schema(
        parameters=[AskedSerializer, OpenApiParameter("format", str, enum=["json", "csv"])],
        responses={(200, "application/json"): SHAPE, (200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, uid: UUID) -> HttpResponseBase:
        """What people say together of each thing that was judged, the least sure first.

        With `?format=csv` all of it, one a line.
        """
        campaign = acting_campaign(request, uid, to="build")
        asked = AskedSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = {name: asked.validated_data[name] for name in ("question", "below")}
        known = ["", *(slug for slug, _name in questions_in(campaign))]
        if wanted["question"] not in known:
            why = f"No such question; there are {', '.join(known[1:]) or 'none'}."
            raise serializers.ValidationError({"question": why})
        if request.query_params.get("format") == "csv":
            return csv_of(campaign, **wanted)
        page = least_sure(campaign, after=asked.validated_data["after"], **wanted)
        return Response(
            {
                "settled_at": _settled_at(campaign),
                "after": page.following or None,
                "results": [told(row) for row in page],
            }
        )


class DisputesView(APIView):
    @extend_schema(responses=SHAPE)
    def get(self, request: Request, uid: UUID) -> Response:
        """The tasks on which people said different things, what matters most first."""
        campaign = acting_campaign(request, uid, to="build")
        page = most_at_stake(campaign, after=request.query_params.get("after", ""))
        return Response(
            {
                "settled_at": _settled_at(campaign),
                "after": page.following or None,
                "results": [told_of(row) for row in page],
            }
        )


class VerdictView(APIView):
    @extend_schema(request=SHAPE, responses={201: SHAPE})
    def post(self, request: Request, uid: UUID) -> Response:
        """Decide a task; an earlier verdict gives way."""
        task, lead = acting_task(request, uid)
        body = parsed(request.body, VerdictBody)
        made = adjudicate(task=task, answers=body, cause=Cause(body.cause), note=body.note, by=lead)
        shown = {"judgment": str(made.judgment.uid), "cause": made.cause, "note": made.note}
        return Response(shown, status=201)


def _settled_at(campaign: Campaign) -> datetime | None:
    return Consensus.objects.filter(campaign=campaign).values_list("settled_at", flat=True).first()
