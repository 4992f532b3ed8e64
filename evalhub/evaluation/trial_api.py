"""Gates and trials for outsiders: try one, read how it goes, end it."""

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
from evalhub.common.rest import KeysetPagination
from evalhub.evaluation.access import acting_comparison, acting_trial, trials
from evalhub.evaluation.gate import read_gate
from evalhub.evaluation.models import Comparison, HumanTrial
from evalhub.evaluation.queries import newest_try
from evalhub.evaluation.serializers import EndTrialSerializer, GateSerializer, TrialSerializer
from evalhub.evaluation.services import end_trial, note_looks, try_gate


class GateTryView(APIView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, uid: UUID) -> Response:
        """What the gate that was tried last says; `result` is null until the job has ended."""
        comparison, member = acting_comparison(request, uid, to="build")
        note_looks(by=member, digests=[comparison.candidate.set_digest])
        return Response(_tried(comparison))

    @extend_schema(request=GateSerializer, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request, uid: UUID) -> Response:
        """Try a gate; nothing is decided. 400 `bad_gate` where it means nothing."""
        comparison, member = acting_comparison(request, uid, to="engineer")
        asked = GateSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        gate = read_gate(asked.validated_data["gate"])
        try_gate(comparison=comparison, gate=gate, by=member)
        return Response(_tried(comparison), status=202)


class TrialListView(ListAPIView[HumanTrial]):
    serializer_class = TrialSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[HumanTrial]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        return trials().filter(workspace=member.workspace)


class TrialView(APIView):
    @extend_schema(responses=TrialSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """How a blind trial stands: its e-value, its interval, and each condition of the gate."""
        trial, _ = acting_trial(request, uid, to="build")
        return Response(TrialSerializer(trial).data)


class TrialEndView(APIView):
    @extend_schema(request=EndTrialSerializer, responses=TrialSerializer)
    def post(self, request: Request, uid: UUID) -> Response:
        """Stop asking people; the candidate is not promoted. 409 `no_trial` where it is over."""
        trial, member = acting_trial(request, uid, to="engineer")
        asked = EndTrialSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        end_trial(trial=trial, by=member, because=asked.validated_data["because"])
        ended, _ = acting_trial(request, uid, to="engineer")
        return Response(TrialSerializer(ended).data)


def _tried(comparison: Comparison) -> dict[str, Any]:
    job = newest_try(comparison)
    if job is None:
        return {"job": None, "state": None, "gate": None, "result": None}
    return {
        "job": str(job.uid),
        "state": job.state,
        "gate": job.payload["gate"],
        "result": job.result or None,
    }
