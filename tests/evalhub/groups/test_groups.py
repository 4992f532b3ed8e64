"""A manager sees the people of their groups and looks after them; of the others they learn nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member, User
from evalhub.accounts.services import set_managed_groups, set_roles
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import Conflict, NotFound
from evalhub.groups.access import access_person, people_of
from evalhub.groups.errors import NobodyLeft, NotYourGroup
from evalhub.groups.queries import days_of, offered_to, parts_of, rows_for
from evalhub.groups.services import assign_to_campaigns, set_groups
from evalhub.judgments.models import Judgment, Tally, TallyMark
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    FlagFactory,
    GoldVerdictFactory,
    JudgmentFactory,
    MemberFactory,
    ParticipantFactory,
    PayRateFactory,
    ReviewFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db


def judged(campaign: Campaign, member: Member, *, days: float = 0, **more: Any) -> Judgment:
    when = timezone.now() - timedelta(days=days)
    task = TaskFactory.create(campaign=campaign)
    held = AssignmentFactory.create(task=task, member=member, state="submitted")
    given = {"active_ms": 30_000, "wall_ms": 60_000, "judged_at": when, "created_at": when}
    return JudgmentFactory.create(task=task, member=member, assignment=held, **given | more)


def named(campaign: Campaign) -> list[int]:
    return Campaign.objects.values_list("people", flat=True).get(pk=campaign.pk)


# Who is whose


def test_a_manager_has_those_of_their_groups_and_nobody_else(
    mia: Member, anna: Member, bert: Member
) -> None:
    ParticipantFactory.create(
        link__campaign__workspace=mia.workspace, member__groups=["night"]
    )  # somebody of a platform, whom leads have
    assert list(people_of(mia)) == [anna]
    assert access_person(mia, anna.uid) == anna
    with pytest.raises(NotFound):
        access_person(mia, bert.uid)


def test_a_manager_of_no_group_sees_nobody(mia: Member, anna: Member, manager: Client) -> None:
    mia.manages = []
    mia.save()
    shown = manager.get("/w/acme/groups/")
    assert shown.status_code == 200
    assert anna.pseudonym not in shown.content.decode()


def test_the_groups_go_with_the_role(mia: Member, olga: Member, bert: Member) -> None:
    with pytest.raises(Conflict):
        set_managed_groups(member=bert, groups=["night"], by=olga)
    set_roles(member=mia, roles=["annotator"], by=olga)
    mia.refresh_from_db()
    assert mia.manages == []
    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.filter(pk=bert.pk).update(manages=["night"])


def test_an_owner_says_whose_groups_they_are(client: Client, olga: Member, bert: Member) -> None:
    client.force_login(olga.user)
    page = f"/w/acme/members/{bert.uid}/"
    refused = client.post(page, {"roles": ["annotator"], "manages": "night"})
    assert "Only a manager has these" in refused.content.decode()
    client.post(page, {"roles": ["annotator", "manager"], "manages": "Night, spare"})
    bert.refresh_from_db()
    assert (bert.roles, bert.manages) == (["annotator", "manager"], ["night", "spare"])
    assert Entry.objects.filter(verb="member.managed_groups_set").count() == 1


# What they see


def test_the_figures_are_those_of_one_person(
    mia: Member, anna: Member, bert: Member, alice: Member
) -> None:
    """Anna judged twice this week and once before, one of them tallied; Bert's work is nobody's here."""
    campaign = CampaignFactory.create(workspace=mia.workspace)
    old = judged(campaign, anna, days=20, active_ms=None)
    hour = old.judged_at.replace(minute=0, second=0, microsecond=0)
    Tally.objects.create(campaign=campaign, member=anna, hour=hour, judgments=1, source="human")
    TallyMark.objects.update_or_create(pk=1, defaults={"up_to": old.pk})
    news = [judged(campaign, anna, days=1), judged(campaign, anna)]
    judged(campaign, bert)
    GoldVerdictFactory.create(judgment=news[0], passed=True)
    ReviewFactory.create(
        judgment=news[1], verdict="fixed", reviewer=alice, reviewed_at=timezone.now()
    )
    AssignmentFactory.create(task__campaign=campaign, member=anna)
    FlagFactory.create(task=news[0].task, member=anna)
    (row,) = rows_for(mia, [anna])
    assert (row.work.judged, row.work.week, row.work.timed, row.work.ms_each) == (3, 2, 2, 30_000)
    assert (row.held, row.gold.part, row.gold.n) == (1, 1, 1)
    assert (row.reviewed.fixed, row.reviewed.n, row.open_flags) == (1, 1, 1)
    assert row.groups == ["night"]  # that she is in `day` too is not Mia's to know
    (part,) = parts_of(anna)
    assert (part.campaign, part.work.judged, part.held) == (campaign, 3, 1)
    days = days_of(anna)
    assert (len(days), sum(day.judged for day in days)) == (14, 2)


def test_the_pages_tell_of_anna_and_of_nobody_else(
    manager: Client, anna: Member, bert: Member, alice: Member
) -> None:
    campaign = CampaignFactory.create(workspace=anna.workspace, title="Letters")
    PayRateFactory.create(campaign=campaign, since=campaign.created_at - timedelta(days=9))
    for each in (anna, bert):
        work = judged(campaign, each, days=0.5)
        FlagFactory.create(
            task=work.task, member=each, text=f"asked by {each}", answer="Yes.",
            answered_by=alice, answered_at=timezone.now(),
        )  # fmt: skip
    pages = ["", "flags/", "pay/", "pay/csv/", f"people/{anna.uid}/"]
    for page in pages:
        answer = manager.get(f"/w/acme/groups/{page}?begin=2020-01-01&end=2100-01-01")
        shown = answer.getvalue().decode()
        assert answer.status_code == 200
        assert "anna" in shown, page
        assert "bert" not in shown, page
        assert "alice" not in shown, page
        assert ">day<" not in shown, page


def test_a_chart_is_drawn_in_german_too(manager: Client, anna: Member) -> None:
    """A length of an SVG has a point, whatever a number has on the page."""
    judged(CampaignFactory.create(workspace=anna.workspace), anna)
    page = f"/w/acme/groups/people/{anna.uid}/"
    shown = manager.get(page, headers={"accept-language": "de"}).content.decode()
    assert "Urteile nach Tagen" in shown
    assert re.findall(r' (?:x|y|height|y1)="\d+\.\d+"', shown)
    assert not re.findall(r'="\d+,\d+"', shown)


# What they do


def test_whom_they_invite_judges_in_their_group(manager: Client, mia: Member) -> None:
    shown = manager.post("/w/acme/groups/invite/", {"username": "zoe", "groups": ["night"]})
    assert "/invitation/zoe/" in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    zoe = Member.objects.get(user__username="zoe")
    assert (zoe.roles, zoe.groups) == (["annotator"], ["night"])
    assert "zoe" not in zoe.pseudonym
    assert Entry.objects.get(verb="member.added").actor == mia.pseudonym


def test_an_invitation_does_not_tell_who_is_here(
    manager: Client, bert: Member, charlie: Member
) -> None:
    """A member here, an account elsewhere: the same words but for the name that was typed."""
    told = []
    for account in (bert.user, charlie.user):
        assert account is not None
        form = {"username": account.username.upper(), "groups": ["night"]}
        shown = manager.post("/w/acme/groups/invite/", form)
        assert shown.status_code == 422
        told.append(str(shown.context["form"].errors["username"]).replace(form["username"], "-"))
    assert told[0] == told[1]
    assert not User.objects.filter(username=form["username"]).exists()
    bert.refresh_from_db()
    assert bert.groups == ["day"]


def test_a_manager_moves_people_among_their_own_groups(mia: Member, anna: Member) -> None:
    set_groups(person=anna, groups=["spare"], by=mia)
    anna.refresh_from_db()
    assert anna.groups == ["day", "spare"]  # what is not hers stays
    with pytest.raises(NotYourGroup):
        set_groups(person=anna, groups=["day"], by=mia)


def test_whom_they_take_out_is_theirs_no_more(manager: Client, anna: Member) -> None:
    page = f"/w/acme/groups/people/{anna.uid}/"
    manager.post(f"{page}groups/", {})
    anna.refresh_from_db()
    assert anna.groups == ["day"]
    assert manager.get(page).status_code == 404


def test_they_set_limits(manager: Client, anna: Member) -> None:
    page = f"/w/acme/groups/people/{anna.uid}/limits/"
    assert manager.post(page, {"most_tasks": "many"}).status_code == 422
    manager.post(page, {"most_tasks": "40", "most_minutes": ""})
    anna.refresh_from_db()
    assert (anna.most_tasks, anna.most_minutes) == (40, None)


def test_they_name_their_people_in_campaigns_for_their_groups(
    mia: Member, anna: Member, bert: Member
) -> None:
    ours = {"workspace": mia.workspace, "groups": ["night"]}
    for_all = CampaignFactory.create(**ours)
    picked = CampaignFactory.create(**ours, people=[bert.pk])
    CampaignFactory.create(workspace=mia.workspace, people=[bert.pk])  # for no group
    CampaignFactory.create(workspace=mia.workspace, groups=["day"], people=[bert.pk])
    assert [each.campaign for each in offered_to(mia, anna)] == [picked, for_all]
    assign_to_campaigns(person=anna, campaigns=[picked], by=mia)
    assert named(picked) == sorted([anna.pk, bert.pk])
    assert named(for_all) == []
    assert Entry.objects.get(verb="campaign.person_named").details["member"] == str(anna.uid)
    zoe = MemberFactory.create(workspace=mia.workspace, groups=["night"])
    assign_to_campaigns(person=zoe, campaigns=[picked], by=mia)
    assign_to_campaigns(person=anna, campaigns=[], by=mia)
    assert named(picked) == sorted([zoe.pk, bert.pk])


def test_the_last_of_theirs_stays_whoever_else_is_named(
    mia: Member, anna: Member, bert: Member
) -> None:
    """Else a campaign for named people might open for everybody; and the refusal would tell of others."""
    for others in ([], [bert.pk]):
        campaign = CampaignFactory.create(
            workspace=mia.workspace, groups=["night"], people=[anna.pk, *others]
        )
        with pytest.raises(NobodyLeft):
            assign_to_campaigns(person=anna, campaigns=[], by=mia)
        Campaign.objects.filter(pk=campaign.pk).update(state="closed")


def test_a_campaign_that_is_not_for_their_group_is_not_there(mia: Member, anna: Member) -> None:
    other = CampaignFactory.create(workspace=mia.workspace, groups=["day"], people=[anna.pk])
    with pytest.raises(NotFound):
        assign_to_campaigns(person=anna, campaigns=[other], by=mia)
