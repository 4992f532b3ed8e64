from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member
from evalhub.campaigns.access import acting_campaign
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import NotFound
from evalhub.valuing.models import Valuation
from evalhub.valuing.queries import valuation_of
from evalhub.valuing.serializers import AskByValueSerializer, ValuationSerializer
from evalhub.valuing.services import ask_by_value, stop_valuing


class ValuationView(APIView):
    @extend_schema(responses=ValuationSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """How a campaign chooses what to ask next, and how sure its decisions are."""
        campaign = acting_campaign(request, uid, to="build")
        return Response(ValuationSerializer(_valuation(campaign)).data)

    @extend_schema(request=AskByValueSerializer, responses={202: ValuationSerializer})
    def put(self, request: Request, uid: UUID) -> Response:
        """Ask first what is likeliest to change a decision; again: value the open tasks anew."""
        campaign = acting_campaign(request, uid, to="lead")
        by = acting_member(request, campaign.workspace_id, to="lead")
        asked = AskByValueSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        valuation = ask_by_value(campaign=campaign, by=by, **asked.validated_data)
        return Response(ValuationSerializer(valuation).data, status=202)

    @extend_schema(responses=ValuationSerializer)
    def delete(self, request: Request, uid: UUID) -> Response:
        """Value no task anew; the order stays as it is."""
        campaign = acting_campaign(request, uid, to="lead")
        by = acting_member(request, campaign.workspace_id, to="lead")
        valuation = stop_valuing(valuation=_valuation(campaign), by=by)
        return Response(ValuationSerializer(valuation).data)


def _valuation(campaign: Campaign) -> Valuation:
    if (found := valuation_of(campaign)) is None:
        raise NotFound("The campaign's tasks stand in the order of the lot; PUT changes that.")
    return found
