"""For programs of managers: the people of their groups, and nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.accounts.invitation_links import link_for
from evalhub.accounts.models import Member
from evalhub.accounts.services import set_limits
from evalhub.campaigns.models import Campaign, Flag
from evalhub.common.errors import NotFound
from evalhub.common.rest import KeysetPagination, given_in
from evalhub.groups.access import acting_person, groups_of, people_of
from evalhub.groups.errors import NotYourGroup
from evalhub.groups.queries import earned_by_people, flags_of, offered_to, parts_of, rows_for
from evalhub.groups.serializers import (
    InvitedSerializer,
    NewPersonSerializer,
    PersonChangeSerializer,
    PersonFlagSerializer,
    PersonSerializer,
    RowSerializer,
)
from evalhub.groups.services import assign_to_campaigns, invite_to_groups, set_groups
from evalhub.judgments.calibration import calibration_of
from evalhub.judgments.pay_api import FROM, TO, WORKSPACE, days_asked
from evalhub.judgments.pay_serializers import EarnedLinesSerializer, EarnedSerializer


class PersonListView(GenericAPIView[Member]):
    serializer_class = RowSerializer
    pagination_class = KeysetPagination

    @extend_schema(
        parameters=[WORKSPACE, OpenApiParameter("group", str, description="one of your groups")],
        responses=RowSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """The people of your groups with their figures, the newest members first."""
        member = _manager(request)
        people = people_of(member).select_related("user")
        if group := request.query_params.get("group"):
            if group not in groups_of(member):  # whether their people are in others is not told
                raise NotYourGroup(_("Choose among your own groups."), field="group")
            people = people.filter(groups__contains=[group])
        page: Sequence[Member] = self.paginate_queryset(people) or []
        return self.get_paginated_response(RowSerializer(rows_for(member, page), many=True).data)

    @extend_schema(
        parameters=[WORKSPACE], request=NewPersonSerializer, responses={201: InvitedSerializer}
    )
    def post(self, request: Request) -> Response:
        """Invite somebody new, who judges in your groups; `link` is told this once."""
        member = _manager(request)
        invited = invite_to_groups(by=member, **given_in(NewPersonSerializer, request))
        told = {
            "uid": invited.member.uid,
            "pseudonym": invited.member.pseudonym,
            "link": link_for(request, invited),
            "mailed_to": invited.mailed_to,
        }
        return Response(InvitedSerializer(told).data, status=201)


class PersonView(APIView):
    @extend_schema(responses=PersonSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """One person: figures, calibration, campaigns, and those that they can be named in."""
        member, person = acting_person(request, uid)
        return _told(member, person)

    @extend_schema(request=PersonChangeSerializer, responses={200: PersonSerializer, 204: None})
    def patch(self, request: Request, uid: UUID) -> Response:
        """Change limits, campaigns, groups, all or nothing; 204 where they are in none of yours any more."""
        member, person = acting_person(request, uid)
        given = given_in(PersonChangeSerializer, request)
        with transaction.atomic():
            person = _changed(member, person, given)
        if not people_of(member).filter(pk=person.pk).exists():
            return Response(status=204)
        return _told(member, person)


@extend_schema(parameters=[WORKSPACE])
class PersonFlagListView(ListAPIView[Flag]):
    """What the people of your groups flagged and asked, newest first, with the answers."""

    serializer_class = PersonFlagSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Flag]:
        return flags_of(people_of(_manager(self.request)))


class PeoplePayView(APIView):
    @extend_schema(parameters=[WORKSPACE, FROM, TO], responses=EarnedLinesSerializer)
    def get(self, request: Request) -> Response:
        """What each person of your groups earned in a period, by rate; whether it was paid out or not."""
        member = _manager(request)
        begin, end = days_asked(request)
        lines = earned_by_people(member, begin=begin, end=end)
        return Response({"lines": EarnedSerializer(lines, many=True).data})


def _manager(request: Request) -> Member:
    workspace = workspace_of(request, request.query_params.get("workspace"))
    return acting_member(request, workspace, to="manage")


def _changed(member: Member, person: Member, given: dict[str, Any]) -> Member:
    limits = {name: given[name] for name in ("most_tasks", "most_minutes") if name in given}
    if limits:
        now = {"most_tasks": person.most_tasks, "most_minutes": person.most_minutes}
        set_limits(member=person, by=member, **(now | limits))
    if "campaigns" in given:
        wanted = set(given["campaigns"])
        ours = Campaign.objects.filter(workspace=member.workspace_id, uid__in=wanted)
        if len(ours) != len(wanted):
            raise NotFound(_("No such campaign."))
        assign_to_campaigns(person=person, campaigns=list(ours), by=member)
    if "groups" in given:
        return set_groups(person=person, groups=given["groups"], by=member)
    return person


def _told(member: Member, person: Member) -> Response:
    calibration = calibration_of(person)
    told = {
        "person": rows_for(member, [person])[0],
        "calibration": [calibration.whole, *calibration.parts],
        "campaigns": parts_of(person),
        "offers": offered_to(member, person),
    }
    return Response(PersonSerializer(told).data)
