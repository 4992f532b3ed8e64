"""Leaving somebody out of a campaign: what it would change, what it does, and the way back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Campaign, MemberShare, Task
from evalhub.campaigns.services.claim import claim_next
from evalhub.common.errors import Conflict
from evalhub.jobs.jobs import execute
from evalhub.judgments.models import Judgment
from evalhub.notifications.models import Notification
from evalhub.quality.arrays import preferences_of
from evalhub.quality.errors import NotPreviewed, UnfitExclusion
from evalhub.quality.excluding import PREVIEW_HOLDS, exclude, lift_exclusion
from evalhub.quality.exclusions import people_in, without
from evalhub.quality.models import Exclusion, ExclusionPreview
from evalhub.quality.previews import start_preview
from evalhub.quality.scope import Scope
from evalhub.quality.services import take_snapshot
from tests import factories as make
from tests.conftest import cast_member
from tests.evalhub.quality.crowd import vote

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(acme: Workspace) -> Campaign:
    return make.CampaignFactory.create(workspace=acme, type="comparison", overlap=4)


@pytest.fixture
def tasks(campaign: Campaign, people: list[Member]) -> list[Task]:
    """auk breaks a tie, follows two others, disagrees with one, and is alone."""
    auk, bee, cod = people
    said = ({auk: 1, bee: 1, cod: -1}, {auk: 1, bee: 1, cod: 1}, {auk: -1, bee: 1}, {auk: 1})
    made = []
    for answers in said:
        task = make.TaskFactory.create(campaign=campaign)
        for person, margin in answers.items():
            vote(task, person, margin)
        made.append(task)
    return made


def leave_out(campaign: Campaign, member: Member, by: Member, **more: bool) -> Exclusion:
    """Once it was worked out what would change."""
    preview = worked_out(campaign, member, by)
    return exclude(
        campaign=campaign,
        member=member,
        reason="Answers by lot.",
        by=by,
        asks_others=more.get("asks_others", False),
        preview=str(preview.digest),
    )


def worked_out(campaign: Campaign, member: Member, by: Member) -> ExclusionPreview:
    preview = start_preview(campaign=campaign, member=member, by=by)
    execute(preview.job.uid)
    preview.refresh_from_db()
    return preview


def digest_on(page: str) -> str:
    found = re.search(r'name="preview" value="([0-9a-f]{64})"', page)
    assert found, "the page names what it shows"
    return found[1]


def test_what_would_change_is_shown_before(
    campaign: Campaign, tasks: list[Task], people: list[Member]
) -> None:
    changes = without(campaign, people[0])
    assert (changes.judgments, changes.tasks) == (4, 4)
    [overall] = changes.questions
    assert (overall.answers, overall.alone, overall.other) == (4, 1, 2)
    assert not Exclusion.objects.exists()


def test_who_said_nothing_here_is_not_worked_out(
    client: Client, campaign: Campaign, tasks: list[Task], alice: Member, bob: Member
) -> None:
    client.force_login(alice.user)
    page = f"/w/acme/campaigns/{campaign.uid}/exclusions/"
    assert client.post(f"{page}preview/", {"member": str(bob.uid)}).headers["Location"] == page
    assert not ExclusionPreview.objects.exists()


def test_of_imported_judgments_the_people_are_found_as_well(
    campaign: Campaign, tasks: list[Task], people: list[Member]
) -> None:
    assert [str(each) for each in people_in(campaign)] == ["auk", "bee", "cod"]
    campaign.origin = "imported"
    assert [str(each) for each in people_in(campaign)] == ["auk", "bee", "cod"]


def test_of_a_scale_the_mean_to_the_nearest_point_counts(
    campaign: Campaign, people: list[Member]
) -> None:
    clear = make.CriterionFactory.create(version=campaign.rubric_version, slug="clear")
    for values in ((1, 5), (4, 4)):
        task = make.TaskFactory.create(campaign=campaign)
        for person, value in zip(people, values, strict=False):
            make.RatingFactory.create(
                judgment=make.JudgmentFactory.create(
                    task=task,
                    member=person,
                    assignment=make.AssignmentFactory.create(
                        task=task, member=person, state="submitted"
                    ),
                ),
                completion=task.completions.first(),
                criterion=clear,
                value=value,
            )
    [found] = without(campaign, people[0]).questions
    assert (found.name, found.answers, found.alone, found.other) == ("clear", 2, 0, 1)


def test_nothing_they_said_counts_and_everything_stays(
    campaign: Campaign, tasks: list[Task], people: list[Member], alice: Member
) -> None:
    auk = people[0]
    before = take_snapshot(campaign.workspace)
    leave_out(campaign, auk, alice)
    assert auk.pk not in preferences_of(campaign).member.tolist()
    assert Judgment.objects.counted().filter(member=auk).count() == 4
    now = Scope(snapshot=take_snapshot(campaign.workspace), sources=("human",))
    assert not now.judgments().filter(member=auk).exists()
    assert now.excluded().count() == 4
    then = Scope(snapshot=before, sources=("human",))
    assert then.judgments().filter(member=auk).count() == 4
    assert Entry.objects.get(verb="member.excluded").details["reason"] == "Answers by lot."
    told = Notification.objects.get(member=auk)
    assert "Answers by lot." in told.sentence


def test_it_is_this_campaign_alone(
    campaign: Campaign, tasks: list[Task], people: list[Member], alice: Member
) -> None:
    other = make.CampaignFactory.create(workspace=campaign.workspace, type="comparison")
    vote(make.TaskFactory.create(campaign=other), people[0], 1)
    leave_out(campaign, people[0], alice)
    assert people[0].pk in preferences_of(other).member.tolist()


def test_they_get_no_more_tasks_until_it_is_lifted(
    campaign: Campaign, tasks: list[Task], people: list[Member], alice: Member
) -> None:
    make.TaskFactory.create(campaign=campaign)
    made = leave_out(campaign, people[0], alice)
    assert claim_next(campaign=campaign, member_pk=people[0].pk) is None
    lift_exclusion(exclusion=made, by=alice)
    assert claim_next(campaign=campaign, member_pk=people[0].pk) is not None
    assert people[0].pk in preferences_of(campaign).member.tolist()
    assert Entry.objects.filter(verb="member.exclusion_lifted").count() == 1
    with pytest.raises(Conflict):
        lift_exclusion(exclusion=made, by=alice)


def test_a_quota_of_their_own_comes_back(
    campaign: Campaign, tasks: list[Task], people: list[Member], alice: Member
) -> None:
    MemberShare.objects.create(campaign=campaign, member=people[0], most=9, taken=4, is_fixed=True)
    made = leave_out(campaign, people[0], alice)
    assert MemberShare.objects.get().most == 4
    lift_exclusion(exclusion=made, by=alice)
    assert MemberShare.objects.get().most == 9


def test_others_are_asked_in_their_place(
    campaign: Campaign, tasks: list[Task], people: list[Member], alice: Member
) -> None:
    gold = make.TaskFactory.create(campaign=campaign, kind="gold")
    vote(gold, people[0], 1)
    leave_out(campaign, people[0], alice, asks_others=True)
    assert {task.overlap for task in campaign.tasks.filter(kind="normal")} == {5}
    gold.refresh_from_db()
    assert gold.overlap == 4


def test_who_cannot_be_left_out(
    campaign: Campaign, tasks: list[Task], people: list[Member], alice: Member
) -> None:
    with pytest.raises(UnfitExclusion, match="no judgment"):
        leave_out(campaign, alice, alice)
    with pytest.raises(UnfitExclusion, match="Say why"):
        exclude(
            campaign=campaign, member=people[0], reason=" ", asks_others=False, preview="", by=alice
        )
    leave_out(campaign, people[0], alice)
    with pytest.raises(Conflict):
        leave_out(campaign, people[0], alice)


def test_nobody_is_left_out_before_it_was_shown_what_that_changes(
    client: Client, campaign: Campaign, tasks: list[Task], people: list[Member]
) -> None:
    lead = cast_member("lead", campaign.workspace, "lead")
    assert lead.user is not None
    client.force_login(lead.user)
    chosen = f"/w/acme/campaigns/{campaign.uid}/exclusions/?member={people[0].uid}"
    asked = start_preview(campaign=campaign, member=people[0], by=lead)
    execute(start_preview(campaign=campaign, member=people[1], by=lead).job.uid)
    for _ in ("while it is worked out", "when that is too long ago"):
        answer = client.post(chosen, {"reason": "By lot."})
        assert answer.status_code == 422
        assert "within the last hour" in answer.text
        with pytest.raises(NotPreviewed):
            exclude(
                campaign=campaign, member=people[0], reason="x", asks_others=False,
                preview=str(asked.digest), by=lead,
            )  # fmt: skip
        execute(asked.job.uid)
        asked.refresh_from_db()
        long_ago = timezone.now() - PREVIEW_HOLDS - timedelta(seconds=1)
        ExclusionPreview.objects.filter(pk=asked.pk).update(made_at=long_ago)
    assert not Exclusion.objects.exists()
    ExclusionPreview.objects.filter(pk=asked.pk).update(made_at=timezone.now())
    shown = digest_on(client.get(chosen).text)
    worked_out(campaign, people[0], lead)  # once more since the page was read
    stale = client.post(chosen, {"reason": "By lot.", "preview": shown})
    assert stale.status_code == 422
    assert "worked out once more since" in stale.text
    again = digest_on(stale.text)
    assert again != shown
    assert client.post(chosen, {"reason": "By lot.", "preview": again}).status_code == 302


def test_a_lead_looks_decides_and_takes_it_back(
    client: Client, campaign: Campaign, tasks: list[Task], people: list[Member]
) -> None:
    lead = cast_member("lead", campaign.workspace, "lead")
    assert lead.user is not None
    client.force_login(lead.user)
    page = f"/w/{campaign.workspace.slug}/campaigns/{campaign.uid}/exclusions/"
    assert "Without auk" not in client.get(page).content.decode()
    chosen = f"{page}?member={people[0].uid}"
    asked = client.post(f"{page}preview/", {"member": str(people[0].uid)})
    assert asked.headers["Location"] == chosen
    client.post(
        f"{page}preview/", {"member": str(people[0].uid)}
    )  # once more while it is under way
    shown = client.get(chosen).content.decode()
    assert "every 2s" in shown
    assert "Leave auk out" not in shown  # what it would change stands first
    execute(ExclusionPreview.objects.get().job.uid)
    live = client.get(chosen, headers={"HX-Request": "true"}).content.decode()
    assert "4 judgments on 4 tasks" in live
    assert "<html" not in live
    assert "every 2s" not in live
    assert client.post(chosen, {"reason": ""}).status_code == 422
    told = {"reason": "By lot.", "preview": digest_on(live)}
    assert client.post(chosen, told).status_code == 302
    assert "By lot." in client.get(page).content.decode()
    made = Exclusion.objects.get()
    assert (made.member, made.excluded_by) == (people[0], lead)
    lift = f"/w/{campaign.workspace.slug}/exclusions/{made.uid}/lift/"
    assert client.post(lift).status_code == 302
    made.refresh_from_db()
    assert made.lifted_at is not None
    assert made.lifted_at <= timezone.now()
    assert "lifted by lead" in client.get(page).content.decode()
