from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.registry.access import acting_endpoint
from evalhub.registry.endpoints import Access, add_endpoint, change_endpoint, retire_endpoint
from evalhub.registry.models import Endpoint
from evalhub.registry.serializers import (
    AccessSerializer,
    EndpointSerializer,
    NewEndpointSerializer,
)

WORKSPACE = OpenApiParameter("workspace", OpenApiTypes.STR)


class EndpointListView(APIView):
    @extend_schema(parameters=[WORKSPACE], responses=EndpointSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Models that servers elsewhere run."""
        key = workspace_of(request, request.query_params.get("workspace"))
        member = acting_member(request, key, to="engineer")
        endpoints = Endpoint.objects.filter(model__workspace=member.workspace)
        listed = endpoints.select_related("model").order_by("model__name", "pk")
        return Response(EndpointSerializer(listed, many=True).data)

    @extend_schema(
        parameters=[WORKSPACE], request=NewEndpointSerializer, responses={201: EndpointSerializer}
    )
    def post(self, request: Request) -> Response:
        """Register one."""
        key = workspace_of(request, request.query_params.get("workspace"))
        by = acting_member(request, key, to="engineer")
        asked = NewEndpointSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        model = add_endpoint(
            workspace=by.workspace, name=given.pop("name"), key=given.pop("key", ""),
            access=Access(**given), by=by,
        )  # fmt: skip
        return Response(EndpointSerializer(model.endpoint).data, status=201)


class EndpointView(APIView):
    @extend_schema(responses=EndpointSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """How the server is asked."""
        return Response(EndpointSerializer(acting_endpoint(request, uid, to="engineer")).data)

    @extend_schema(request=AccessSerializer, responses=EndpointSerializer)
    def patch(self, request: Request, uid: UUID) -> Response:
        """Ask it otherwise from the next run on; what is left out stays."""
        endpoint = acting_endpoint(request, uid, to="engineer")
        by = acting_member(request, endpoint.model.workspace_id, to="engineer")
        asked = AccessSerializer(endpoint, data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        given: dict[str, Any] = dict(asked.validated_data)  # as the serializer has checked them
        key = given.pop("key", None)
        changed = change_endpoint(endpoint=endpoint, given=given, key=key, by=by)
        return Response(EndpointSerializer(changed).data)

    @extend_schema(responses={200: EndpointSerializer})
    def delete(self, request: Request, uid: UUID) -> Response:
        """Retire it: no run starts with it any more, and its key is forgotten."""
        endpoint = acting_endpoint(request, uid, to="engineer")
        by = acting_member(request, endpoint.model.workspace_id, to="engineer")
        return Response(EndpointSerializer(retire_endpoint(endpoint=endpoint, by=by)).data)
