from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.runs.costs import price_of
from evalhub.runs.prices import set_device_price
from evalhub.runs.serializers import DevicePriceSerializer

WORKSPACE = OpenApiParameter("workspace", OpenApiTypes.STR)


class DevicePriceView(APIView):
    @extend_schema(parameters=[WORKSPACE], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """What an hour of a device costs; `amount` is null where nobody has set it."""
        key = workspace_of(request, request.query_params.get("workspace"))
        price = price_of(acting_member(request, key, to="build").workspace)
        unknown = {"amount": None, "currency": None}
        return Response(DevicePriceSerializer(price).data if price else unknown)

    @extend_schema(
        parameters=[WORKSPACE], request=DevicePriceSerializer, responses=DevicePriceSerializer
    )
    def post(self, request: Request) -> Response:
        """Reckon every run by this."""
        key = workspace_of(request, request.query_params.get("workspace"))
        by = acting_member(request, key, to="engineer")
        asked = DevicePriceSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(DevicePriceSerializer(set_device_price(**asked.validated_data, by=by)).data)
