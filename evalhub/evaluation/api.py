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
from evalhub.evaluation.access import acting_comparison, engineer_of
from evalhub.evaluation.card import card_of
from evalhub.evaluation.models import Comparison, Evaluation, Promotion
from evalhub.evaluation.queries import newest_belief, newest_people
from evalhub.evaluation.serializers import (
    CardSerializer,
    ComparisonSerializer,
    EvaluationSerializer,
    MeasuredSerializer,
    MeasureSerializer,
    PromotionSerializer,
    WholeComparisonSerializer,
    whole,
)
from evalhub.evaluation.services import evaluate_named, note_looks, start_belief
from evalhub.evaluation.summing import sum_up_people
from evalhub.jobs.models import Job
from evalhub.registry.access import acting_model
from evalhub.registry.services import describe_model


class EvaluationListView(ListAPIView[Evaluation]):
    """Reading figures counts as a look at their sets."""

    serializer_class = EvaluationSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Evaluation]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        return Evaluation.objects.filter(workspace=member.workspace).select_related("model")

    def paginate_queryset(self, queryset: Any) -> list[Any] | None:
        page = super().paginate_queryset(queryset)
        _note(self.request, [each.set_digest for each in page or () if each.is_measured])
        return page

    @extend_schema(request=MeasureSerializer, responses={202: MeasuredSerializer})
    def post(self, request: Request) -> Response:
        """Measure a model on builds or a benchmark; what was measured there is not measured again."""
        member = engineer_of(request)
        asked = MeasureSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        evaluation = evaluate_named(
            workspace=member.workspace, by=member,
            **{name: value for name, value in asked.validated_data.items() if name != "workspace"},
        )  # fmt: skip
        return Response(MeasuredSerializer(evaluation).data, status=202)


class ModelCardView(APIView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, uid: UUID) -> Response:
        """What a model is made of, its figures and decisions, its licence and its limits."""
        model = acting_model(request, uid, to="build")
        card = card_of(model)
        by = acting_member(request, model.workspace_id, to="build")
        note_looks(by=by, digests=[card["set_digest"]] if card["set_digest"] else [])
        return Response(card)

    @extend_schema(request=CardSerializer, responses=OpenApiTypes.OBJECT)
    def patch(self, request: Request, uid: UUID) -> Response:
        """Say its licence or its limits; what is not given stays."""
        model = acting_model(request, uid, to="engineer")
        asked = CardSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = {"licence": model.licence, "limits": model.limits} | asked.validated_data
        by = acting_member(request, model.workspace_id, to="engineer")
        return Response(card_of(describe_model(model=model, by=by, **given)))


class ComparisonListView(ListAPIView[Comparison]):
    """Reading figures counts as a look at their sets."""

    serializer_class = ComparisonSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Comparison]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        comparisons = Comparison.objects.filter(workspace=member.workspace)
        return comparisons.select_related("baseline__model", "candidate__model")

    def paginate_queryset(self, queryset: Any) -> list[Any] | None:
        page = super().paginate_queryset(queryset)
        _note(self.request, [each.candidate.set_digest for each in page or ()])
        return page


class ComparisonView(APIView):
    @extend_schema(responses=WholeComparisonSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """One with its slices, examples and the looks at its set; it counts as a look."""
        comparison, member = acting_comparison(request, uid, to="build")
        note_looks(by=member, digests=[comparison.candidate.set_digest])
        return Response(whole(comparison))


class PeopleView(APIView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, uid: UUID) -> Response:
        """What people said of both models, as last summed up; `result` is null until it has ended."""
        comparison, _member = acting_comparison(request, uid, to="build")
        return Response(_told(newest_people(comparison)))

    @extend_schema(request=None, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request, uid: UUID) -> Response:
        """Sum it up anew."""
        comparison, member = acting_comparison(request, uid, to="engineer")
        return Response(_told(sum_up_people(comparison=comparison, by=member)), status=202)


class BeliefView(APIView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """How each figure goes with people, as last worked out; `result` is null until it has ended."""
        key = workspace_of(request, request.query_params.get("workspace"))
        member = acting_member(request, key, to="build")
        return Response(_told(newest_belief(member.workspace)))

    @extend_schema(request=None, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        """Work it out anew."""
        key = workspace_of(request, request.query_params.get("workspace"))
        member = acting_member(request, key, to="engineer")
        return Response(_told(start_belief(workspace=member.workspace, by=member)), status=202)


class PromotionListView(ListAPIView[Promotion]):
    serializer_class = PromotionSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Promotion]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        return Promotion.objects.filter(workspace=member.workspace).select_related("model")


def _told(job: Job | None) -> dict[str, Any]:
    if job is None:
        return {"job": None, "state": None, "result": None}
    return {"job": str(job.uid), "state": job.state, "result": job.result or None}


def _note(request: Request, digests: list[str]) -> None:
    key = workspace_of(request, request.query_params.get("workspace"))
    note_looks(by=acting_member(request, key, to="build"), digests=digests)
