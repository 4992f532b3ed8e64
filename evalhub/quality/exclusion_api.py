"""Leaving somebody out of a campaign, as the page does it: see what would change, decide, take it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member
from evalhub.accounts.models import Member
from evalhub.campaigns.access import acting_campaign
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import NotFound
from evalhub.quality.access import acting_exclusion
from evalhub.quality.excluding import exclude, lift_exclusion
from evalhub.quality.exclusions import judged_in
from evalhub.quality.models import Exclusion, ExclusionPreview
from evalhub.quality.previews import newest_preview, start_preview


class PersonSerializer(serializers.Serializer[Exclusion]):
    member = serializers.UUIDField(help_text="somebody who judged in the campaign")


class NewExclusionSerializer(PersonSerializer):
    reason = serializers.CharField(max_length=400, help_text="they read it")
    asks_others = serializers.BooleanField(
        default=False, help_text="one judgment more on each task that they judged"
    )
    preview = serializers.CharField(
        min_length=64, max_length=64, help_text="the digest of the newest preview"
    )


class ExclusionSerializer(serializers.ModelSerializer[Exclusion]):
    member = serializers.UUIDField(source="member.uid")
    pseudonym = serializers.CharField(source="member.pseudonym")
    excluded_by = serializers.CharField(source="excluded_by.pseudonym")
    lifted_by = serializers.CharField(source="lifted_by.pseudonym", default=None)

    class Meta:
        model = Exclusion
        fields = [
            "uid", "member", "pseudonym", "reason", "excluded_by", "created_at", "lifted_at", "lifted_by",
        ]  # fmt: skip


class PreviewSerializer(serializers.ModelSerializer[ExclusionPreview]):
    """`body` is empty and `digest` null until the job has worked it out."""

    member = serializers.UUIDField(source="member.uid")
    state = serializers.CharField(source="job.state")
    error = serializers.CharField(source="job.error")
    digest = serializers.CharField(allow_null=True)

    class Meta:
        model = ExclusionPreview
        fields = ["uid", "member", "state", "error", "made_at", "digest", "body"]


class ExclusionsView(APIView):
    @extend_schema(responses=ExclusionSerializer(many=True))
    def get(self, request: Request, uid: UUID) -> Response:
        """Whoever is, or was, left out of the campaign, the newest first."""
        campaign = acting_campaign(request, uid, to="lead")
        rows = campaign.exclusions.select_related("member", "excluded_by", "lifted_by")
        return Response(ExclusionSerializer(rows, many=True).data)

    @extend_schema(request=NewExclusionSerializer, responses={201: ExclusionSerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        """Let nothing that somebody said here count, once it was worked out what that changes."""
        campaign = acting_campaign(request, uid, to="lead")
        lead = acting_member(request, campaign.workspace_id, to="lead")
        asked = NewExclusionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told: dict[str, Any] = dict(asked.validated_data)
        member = _named(campaign, told.pop("member"))
        made = exclude(campaign=campaign, member=member, by=lead, **told)
        return Response(ExclusionSerializer(made).data, status=201)


class ExclusionPreviewView(APIView):
    @extend_schema(
        parameters=[OpenApiParameter("member", UUID, required=True)], responses=PreviewSerializer
    )
    def get(self, request: Request, uid: UUID) -> Response:
        """What leaving somebody out would change, as it was asked for last."""
        campaign = acting_campaign(request, uid, to="lead")
        asked = PersonSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = newest_preview(campaign, _named(campaign, asked.validated_data["member"]))
        if found is None:
            raise NotFound(_("Nobody has asked what would change without them; POST asks."))
        return Response(PreviewSerializer(found).data)

    @extend_schema(request=PersonSerializer, responses={202: PreviewSerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        """Have it worked out what leaving somebody out would change."""
        campaign = acting_campaign(request, uid, to="lead")
        lead = acting_member(request, campaign.workspace_id, to="lead")
        asked = PersonSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        member = _named(campaign, asked.validated_data["member"])
        made = start_preview(campaign=campaign, member=member, by=lead)
        return Response(PreviewSerializer(made).data, status=202)


class ExclusionLiftView(APIView):
    @extend_schema(request=None, responses=ExclusionSerializer)
    def post(self, request: Request, uid: UUID) -> Response:
        """Let what they said count again."""
        exclusion, lead = acting_exclusion(request, uid)
        return Response(ExclusionSerializer(lift_exclusion(exclusion=exclusion, by=lead)).data)


def _named(campaign: Campaign, uid: UUID) -> Member:
    if (found := judged_in(campaign, uid)) is None:
        raise NotFound(_("Nobody of that uid judged in this campaign."))
    return found
