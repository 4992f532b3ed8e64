from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.datasets.access import access_build
from evalhub.registry.access import base_named
from evalhub.runs.outside import register_uploaded
from evalhub.runs.serializers import AdapterSerializer, NewAdapterSerializer


class AdapterListView(APIView):
    parser_classes = (MultiPartParser,)

    @extend_schema(
        request={"multipart/form-data": NewAdapterSerializer}, responses={201: AdapterSerializer}
    )
    def post(self, request: Request) -> Response:
        """Take an adapter that was trained elsewhere into the registry."""
        key = workspace_of(request, request.query_params.get("workspace"))
        member = acting_member(request, key, to="engineer")
        asked = NewAdapterSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        uid = values.get("build")
        found = register_uploaded(
            workspace=member.workspace,
            base=base_named(member.workspace_id, values["base"]),
            config=values["config"],
            weights=values["weights"],
            name=values["name"],
            build=access_build(member, uid) if uid else None,
            by=member,
        )
        return Response(AdapterSerializer(found.model).data, status=201)
