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
from evalhub.common.rest import KeysetPagination
from evalhub.evaluation.card import card_of
from evalhub.evaluation.models import Comparison, Evaluation, Promotion
from evalhub.evaluation.serializers import (
    CardSerializer,
    ComparisonSerializer,
    EvaluationSerializer,
    MeasuredSerializer,
    MeasureSerializer,
    PromotionSerializer,
)
from evalhub.evaluation.services import evaluate_named
from evalhub.registry.access import acting_model
from evalhub.registry.services import describe_model


class EvaluationListView(ListAPIView[Evaluation]):
    serializer_class = EvaluationSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Evaluation]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        return Evaluation.objects.filter(workspace=member.workspace).select_related("model")

    @extend_schema(request=MeasureSerializer, responses={202: MeasuredSerializer})
    def post(self, request: Request) -> Response:
        """Measure a model on builds or a benchmark; what was measured there is not measured again."""
        key = workspace_of(request, request.data.get("workspace"))
        member = acting_member(request, key, to="engineer")
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
        return Response(card_of(acting_model(request, uid, to="build")))

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
    serializer_class = ComparisonSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Comparison]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        comparisons = Comparison.objects.filter(workspace=member.workspace)
        return comparisons.select_related("baseline__model", "candidate__model")


class PromotionListView(ListAPIView[Promotion]):
    serializer_class = PromotionSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Promotion]:
        key = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, key, to="build")
        return Promotion.objects.filter(workspace=member.workspace).select_related("model")
