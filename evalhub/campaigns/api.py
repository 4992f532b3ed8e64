"""The annotator's calls: claim, keep, give back; and campaigns to read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.campaigns.access import (
    WATCHERS,
    acting_assignment,
    acting_campaign,
    acting_judge,
    acting_task,
)
from evalhub.campaigns.body import (
    CampaignBody,
    ClaimBody,
    DraftBody,
    FlagBody,
    SkipBody,
    TaskBody,
    TokenBody,
    parsed,
)
from evalhub.campaigns.choices import CampaignState
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.queries import progress_of
from evalhub.campaigns.serializers import CampaignDetailSerializer, CampaignSerializer
from evalhub.campaigns.services.changing import change_named
from evalhub.campaigns.services.claim import claim_next
from evalhub.campaigns.services.flags import raise_flag
from evalhub.campaigns.services.leases import heartbeat, release, save_draft, skip
from evalhub.campaigns.services.steering import change_task
from evalhub.common.errors import NotFound
from evalhub.common.rest import KeysetPagination

SHAPE = OpenApiTypes.OBJECT  # msgspec checks the real shape; docs/api.md shows it


def as_json(body: object, *, status: int = 200) -> HttpResponse:
    """What we made ourselves, straight to bytes: DRF's renderers would cost more than the claim."""
    return HttpResponse(msgspec.json.encode(body), status=status, content_type="application/json")


class ClaimView(APIView):
    @extend_schema(request=SHAPE, responses={200: SHAPE, 204: None})
    def post(self, request: Request, uid: UUID) -> HttpResponse:
        """Lend the caller the task that comes next; 204 when nothing is left."""
        campaign = (
            Campaign.objects.filter(uid=uid).select_related("rubric_version", "workspace").first()
        )
        if campaign is None:
            raise NotFound("No such campaign.")
        judge = acting_judge(request, campaign.workspace_id)
        if campaign.state == CampaignState.DRAFT:
            acting_campaign(request, uid, to="judge")  # as absent to those who only judge
        body = parsed(request.body, ClaimBody)
        lease = claim_next(campaign=campaign, member_pk=judge, holding=body.holding)
        return HttpResponse(status=204) if lease is None else as_json(lease.public())


class TaskView(APIView):
    @extend_schema(request=SHAPE, responses=SHAPE)
    def patch(self, request: Request, uid: UUID) -> HttpResponse:
        """Change how urgent a task is, how many judgments it gets, for whom alone it is, or archive it."""
        task, lead = acting_task(request, uid)
        body = parsed(request.body, TaskBody)
        changed = change_task(task=task, by=lead, **msgspec.structs.asdict(body))
        told = {"uid": changed.uid, "priority": changed.priority, "overlap": changed.overlap}
        told |= {"judged": changed.judged, "is_reserved": changed.is_reserved}
        return as_json(told | {"is_archived": changed.archived_at is not None})


class ReleaseView(APIView):
    @extend_schema(request=SHAPE, responses={204: None})
    def post(self, request: Request, uid: UUID) -> HttpResponse:
        """Hand the task back; the caller may get it again."""
        assignment = acting_assignment(request, uid)
        release(assignment=assignment, token=parsed(request.body, TokenBody).token)
        return HttpResponse(status=204)


class SkipView(APIView):
    @extend_schema(request=SHAPE, responses={204: None})
    def post(self, request: Request, uid: UUID) -> HttpResponse:
        """Hand the task back for good: it is for others."""
        assignment = acting_assignment(request, uid)
        body = parsed(request.body, SkipBody)
        skip(assignment=assignment, token=body.token, reason=body.reason, note=body.note)
        return HttpResponse(status=204)


class FlagView(APIView):
    @extend_schema(request=SHAPE, responses={201: SHAPE})
    def post(self, request: Request, uid: UUID) -> HttpResponse:
        """Tell the leads something about the task, or ask them."""
        assignment = acting_assignment(request, uid)
        body = parsed(request.body, FlagBody)
        flag = raise_flag(
            assignment=assignment, kind=body.kind, text=body.text, by=assignment.member
        )
        return as_json({"flag": flag.uid}, status=201)


class HeartbeatView(APIView):
    @extend_schema(request=SHAPE, responses=SHAPE)
    def post(self, request: Request, uid: UUID) -> HttpResponse:
        """Renew the lease while somebody works on it."""
        assignment = acting_assignment(request, uid)
        until = heartbeat(assignment=assignment, token=parsed(request.body, TokenBody).token)
        return as_json({"expires_at": until})


class DraftView(APIView):
    @extend_schema(request=SHAPE, responses=SHAPE)
    def post(self, request: Request, uid: UUID) -> HttpResponse:
        """Keep what is typed so far, as it is."""
        assignment = acting_assignment(request, uid)
        given = parsed(request.body, DraftBody)
        draft = save_draft(assignment=assignment, body=given.body, over=given.over)
        return as_json(
            {"updated_at": draft.updated_at, "version": draft.version, "late": draft.late}
        )


class CampaignListView(ListAPIView[Campaign]):
    """The workspace's campaigns, newest first."""

    serializer_class = CampaignSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Campaign]:
        workspace = workspace_of(self.request, self.request.query_params.get("workspace"))
        member = acting_member(self.request, workspace, to="view")
        campaigns = Campaign.objects.filter(workspace_id=workspace).select_related(
            "workspace", "rubric_version__rubric"
        )
        if member.has(*WATCHERS):
            return campaigns
        return campaigns.exclude(state=CampaignState.DRAFT)


class CampaignView(APIView):
    @extend_schema(responses=CampaignDetailSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """One campaign: its questions and how far it is."""
        campaign = acting_campaign(request, uid, to="view")
        member = acting_member(request, campaign.workspace_id, to="view")
        return _told(campaign, with_progress=member.has(*WATCHERS))

    @extend_schema(request=SHAPE, responses=CampaignDetailSerializer)
    def patch(self, request: Request, uid: UUID) -> Response:
        """Change a campaign; once it is open, what gives earlier judgments their meaning stays."""
        campaign = acting_campaign(request, uid, to="lead")
        lead = acting_member(request, campaign.workspace_id, to="lead")
        body = parsed(request.body, CampaignBody)
        changed = change_named(campaign=campaign, by=lead, **body.given())
        return _told(changed, with_progress=True)


def _told(campaign: Any, *, with_progress: bool) -> Response:  # `Any`: it gets its progress
    """Exact counts are for those who watch: a place more or less would tell gold to who judges."""
    campaign.progress = progress_of(campaign) if with_progress else None
    return Response(CampaignDetailSerializer(campaign).data)
