from __future__ import annotations

from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.campaigns.access import acting_campaign, acting_task
from evalhub.judgments.body import parsed
from evalhub.quality.body import VerdictBody
from evalhub.quality.choices import Cause
from evalhub.quality.disputes import least_sure
from evalhub.quality.models import Consensus
from evalhub.quality.services import adjudicate

SHAPE = OpenApiTypes.OBJECT  # docs/api.md shows it


class DisputesView(APIView):
    @extend_schema(responses=SHAPE)
    def get(self, request: Request, uid: UUID) -> Response:
        """The tasks on which people said different things, the least sure first."""
        campaign = acting_campaign(request, uid, to="build")
        page = least_sure(campaign, after=request.query_params.get("after", ""))
        consensus = Consensus.objects.filter(campaign=campaign).first()
        return Response(
            {
                "settled_at": consensus.settled_at if consensus else None,
                "after": page.following or None,
                "results": [
                    {
                        "task": str(row.task.uid),
                        "prompt": str(row.task.prompt.uid),
                        "criterion": row.criterion.slug if row.criterion else None,
                        "answers": row.answers,
                        "probability": row.probability,
                    }
                    for row in page
                ],
            }
        )


class VerdictView(APIView):
    @extend_schema(request=SHAPE, responses={201: SHAPE})
    def post(self, request: Request, uid: UUID) -> Response:
        """Decide a task; an earlier verdict gives way."""
        task, lead = acting_task(request, uid)
        body = parsed(request.body, VerdictBody)
        made = adjudicate(task=task, answers=body, cause=Cause(body.cause), note=body.note, by=lead)
        told = {"judgment": str(made.judgment.uid), "cause": made.cause, "note": made.note}
        return Response(told, status=201)
