"""People of a crowd platform: they come by a link, judge in one campaign, and get a code."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO

import msgspec
import pytest
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import ApiToken, FailedSignIn, Member, User
from evalhub.accounts.services import set_active, set_roles
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Acceptance, Campaign
from evalhub.campaigns.services.changing import change_campaign
from evalhub.campaigns.services.claim import Lease, claim_next
from evalhub.campaigns.services.guidelines import set_guidelines
from evalhub.common.errors import Conflict
from evalhub.judgments.body import SubmitBody, parsed
from evalhub.judgments.services.submit import submit_judgment
from evalhub.links.errors import NotByLink, UnfitLink
from evalhub.links.models import JoinLink, Participant
from evalhub.links.services.joining import Visitor, join
from evalhub.links.services.making import NewLink, make_join_link, revoke_join_link
from tests.evalhub.judgments.conftest import body_for
from tests.factories import CampaignFactory, TaskFactory

pytestmark = pytest.mark.django_db
New = NewLink[JoinLink]


def address(new: New, person: str = "p1") -> str:
    return f"/join/{new.secret}/?PROLIFIC_PID={person}&STUDY_ID=s&SESSION_ID=x"


def enter(client: Client, new: New, person: str = "p1") -> HttpResponse:
    answer: HttpResponse = client.post(address(new, person), {"agrees": "on"})
    return answer


def judge(campaign: Campaign, member: Member) -> Lease | None:
    """One task; the next that they are lent."""
    lease = claim_next(campaign=campaign, member_pk=member.pk)
    assert lease is not None
    body = parsed(msgspec.json.encode(body_for(lease.token, claim_next=True)), SubmitBody)
    return submit_judgment(assignment=lease.assignment, member_pk=member.pk, body=body).next


def test_somebody_comes_judges_and_gets_the_code(client: Client, new: New) -> None:
    campaign = new.link.campaign
    page = client.get(address(new)).content.decode()
    assert campaign.title in page
    assert "C0DE-42" not in page
    assert Participant.objects.count() == 0  # looking changes nothing
    answer = enter(client, new)
    desk = f"/w/acme/campaigns/{campaign.uid}/judge/"
    assert answer.headers["Location"] == desk
    participant = Participant.objects.get()
    assert (participant.external_id, participant.study_id) == ("p1", "s")
    assert "p1" not in participant.member.pseudonym
    assert client.get(desk).status_code == 200
    assert "C0DE-42" not in client.get(desk).content.decode()
    judge(campaign, participant.member)
    before = client.get("/joined/").content.decode()
    assert "1 of 2 tasks done" in before
    assert "C0DE-42" not in before
    assert judge(campaign, participant.member) is None  # of three, two are asked
    assert "/joined/" in client.get(desk).content.decode()
    page = client.get("/joined/").content.decode()
    assert "https://app.prolific.com/submissions/complete?cc=C0DE-42" in page
    verbs = list(
        Entry.objects.filter(verb__startswith="participant.").values_list("verb", flat=True)
    )
    assert sorted(verbs) == ["participant.finished", "participant.joined"]
    assert not Entry.objects.filter(details__icontains="p1").exists()


def test_the_same_id_comes_back_as_the_same_person(client: Client, new: New) -> None:
    enter(client, new)
    first = Participant.objects.get()
    judge(new.link.campaign, first.member)
    other = Client()
    enter(other, new)
    assert Participant.objects.get() == first
    assert "1 of 2" in other.get("/joined/").content.decode()


def test_signing_in_by_a_link_rotates_the_session(client: Client, new: New, bob: Member) -> None:
    client.force_login(bob.user)
    before = client.session.session_key
    assert "You are signed in as bob" in client.get(address(new)).content.decode()
    enter(client, new)
    assert client.session.session_key != before
    assert client.session.get_expiry_age() <= 12 * 3600


def test_who_came_by_a_link_only_judges(client: Client, new: New) -> None:
    campaign = new.link.campaign
    other = CampaignFactory.create(workspace=campaign.workspace)
    TaskFactory.create(campaign=other)
    enter(client, new)
    hidden = [
        "", "my-work/", "my-work/submitted/", "my-work/keys/", "tokens/", "notifications/", "help/",
        "campaigns/", f"campaigns/{campaign.uid}/", f"campaigns/{campaign.uid}/practice/",
        f"campaigns/{other.uid}/judge/", f"campaigns/{other.uid}/guidelines/", "rubrics/",
    ]  # fmt: skip
    found = {path: client.get(f"/w/acme/{path}").status_code for path in hidden}
    assert found == dict.fromkeys(hidden, 404)
    assert client.get(f"/w/acme/campaigns/{campaign.uid}/guidelines/").status_code == 200
    assert client.post("/w/acme/tokens/", {"name": "mine"}).status_code == 404
    assert not ApiToken.objects.exists()
    for path in ("campaigns", f"campaigns/{campaign.uid}", "campaigns?workspace=acme"):
        assert client.get(f"/api/v1/{path}").status_code == 404, path
    claim = f"/api/v1/campaigns/{campaign.uid}/claim"
    assert client.post(claim, "{}", content_type="application/json").status_code == 404
    assert client.get("/", follow=True).status_code == 200


def test_nothing_elsewhere_is_lent_to_them(client: Client, new: New) -> None:
    enter(client, new)
    other = CampaignFactory.create(workspace=new.link.campaign.workspace)
    TaskFactory.create(campaign=other)
    member = Participant.objects.get().member
    with pytest.raises(Exception, match="needs"):
        claim_next(campaign=other, member_pk=member.pk)


def test_an_account_with_more_is_never_signed_in_by_a_link(
    client: Client, new: New, olga: Member
) -> None:
    enter(client, new)
    member = Participant.objects.get().member
    with pytest.raises(Conflict):
        set_roles(member=member, roles=["annotator", "lead"], by=olga)
    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.filter(pk=member.pk).update(roles=["annotator", "owner"])
    member.refresh_from_db()
    assert member.user is not None
    member.user.set_password("of my own")
    member.user.save()
    assert enter(Client(), new).status_code == 409
    member.user.set_unusable_password()
    member.user.save()
    set_active(member=member, active=False, by=olga)
    with pytest.raises(NotByLink):
        join(link=new.link, visitor=Visitor("p1"))


def test_a_link_is_for_so_many_people(client: Client, new: New) -> None:
    for person in ("p1", "p2"):
        enter(Client(), new, person)
    full = enter(client, new, "p3")
    assert full.status_code == 409
    assert "Enough people have joined" in full.content.decode()
    assert enter(Client(), new, "p2").status_code == 302
    assert User.objects.filter(username__startswith="guest-").count() == 2


def test_a_revoked_or_ended_link_looks_as_if_it_never_was(
    client: Client, new: New, alice: Member
) -> None:
    enter(client, new)
    revoke_join_link(link=new.link, by=alice)
    for secret in (new.secret, "never-was"):
        assert client.get(f"/join/{secret}/").status_code == 404
    assert client.get("/joined/").status_code == 200  # who is in finishes
    JoinLink.objects.update(revoked_at=None, ends_at=timezone.now() - timedelta(seconds=1))
    assert enter(Client(), new).status_code == 404


def test_guessing_secrets_ends_at_a_hundred(client: Client, new: New) -> None:
    FailedSignIn.objects.bulk_create(
        FailedSignIn(key=key) for key in [_key_after_one_wrong(client)] * 99
    )
    assert client.get(address(new)).status_code == 429


def _key_after_one_wrong(client: Client) -> str:
    client.get("/join/wrong/")
    return FailedSignIn.objects.get().key


def test_consent_is_asked_for_and_kept(client: Client, new: New, alice: Member) -> None:
    guidelines = set_guidelines(
        campaign=new.link.campaign, content="Be **kind**.", consent="I am of age.", by=alice
    )
    page = client.get(address(new)).content.decode()
    assert "I am of age." in page
    assert client.post(address(new)).status_code == 422
    assert not Participant.objects.exists()
    enter(client, new)
    accepted = Acceptance.objects.get()
    assert (accepted.guidelines, accepted.member) == (guidelines, Participant.objects.get().member)
    assert claim_next(campaign=new.link.campaign, member_pk=accepted.member_id) is not None


def test_who_comes_without_an_id_types_it(client: Client, new: New) -> None:
    assert "external_id" in client.get(f"/join/{new.secret}/").context["form"].fields
    client.post(f"/join/{new.secret}/", {"external_id": "typed"})
    assert Participant.objects.get().external_id == "typed"


def test_a_preview_of_mechanical_turk_joins_nobody(
    client: Client, campaign: Campaign, alice: Member
) -> None:
    made = make_join_link(
        campaign=campaign, name="turk", platform="mturk", tasks=1, most_people=9,
        completion_code="K", by=alice,
    )  # fmt: skip
    url = f"/join/{made.secret}/?workerId=w&assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE"
    assert "preview" in client.post(url).content.decode()
    assert not Participant.objects.exists()
    client.post(f"/join/{made.secret}/?workerId=w&assignmentId=a&hitId=h")
    participant = Participant.objects.get()
    assert (participant.external_id, participant.study_id, participant.session_id) == (
        "w",
        "h",
        "a",
    )


def test_the_code_comes_too_when_nothing_is_left(client: Client, new: New, alice: Member) -> None:
    new.link.campaign.tasks.exclude(pk=new.link.campaign.tasks.first().pk).update(
        open_places=0, judged=2
    )
    enter(client, new)
    assert "C0DE-42" not in client.get("/joined/").content.decode()  # nothing done yet
    judge(new.link.campaign, Participant.objects.get().member)
    assert "C0DE-42" in client.get("/joined/").content.decode()


def test_a_change_of_the_largest_share_leaves_the_quota(
    client: Client, new: New, alice: Member
) -> None:
    enter(client, new)
    for share in (100, None):
        change_campaign(campaign=new.link.campaign, by=alice, max_share=share)
    member = Participant.objects.get().member
    judge(new.link.campaign, member)
    judge(new.link.campaign, member)
    assert claim_next(campaign=new.link.campaign, member_pk=member.pk) is None


def test_a_group_of_the_link_can_be_asked_for(client: Client, new: New, alice: Member) -> None:
    change_campaign(campaign=new.link.campaign, by=alice, groups=[new.link.group], languages=["de"])
    new.link.campaign.refresh_from_db()
    enter(client, new)
    member = Participant.objects.get().member
    assert (member.groups, member.languages) == ([new.link.group], ["de"])
    assert claim_next(campaign=new.link.campaign, member_pk=member.pk) is not None


def test_a_campaign_for_named_people_has_no_link(campaign: Campaign, alice: Member) -> None:
    change_campaign(campaign=campaign, by=alice, people=[alice.pk])
    with pytest.raises(UnfitLink):
        make_join_link(
            campaign=campaign, name="x", platform="other", tasks=1, most_people=1,
            completion_code="K", by=alice,
        )  # fmt: skip


def test_a_lead_makes_lists_and_revokes_links(
    client: Client, campaign: Campaign, alice: Member, bob: Member, erin: Member
) -> None:
    client.force_login(alice.user)
    url = f"/w/acme/campaigns/{campaign.uid}/join-links/"
    asked = {
        "name": "wave", "platform": "prolific", "tasks": "2", "most_people": "5",
        "completion_code": "ABC",
    }  # fmt: skip
    page = client.post(url, asked)
    secret = page.context["new"].secret
    assert (
        f"/join/{secret}/?PROLIFIC_PID={{{{%PROLIFIC_PID%}}}}&amp;STUDY_ID" in page.content.decode()
    )
    assert secret not in client.get(url).content.decode()
    link = JoinLink.objects.get()
    assert secret not in str(JoinLink.objects.values().get())
    join(link=link, visitor=Visitor("=cmd", "study"))
    detail = f"/w/acme/join-links/{link.uid}/"
    assert "=cmd" in client.get(detail).content.decode()
    sheet = b"".join(client.get(f"{detail}csv/").streaming_content).decode()
    [row] = csv.DictReader(StringIO(sheet.removeprefix("\ufeff")))
    assert (row["external_id"], row["tasks"], row["finished_at"]) == ("'=cmd", "0", "")
    client.post(f"{detail}revoke/")
    client.post(f"{detail}revoke/")
    assert Entry.objects.filter(verb="join_link.revoked").count() == 1
    for other in (bob, erin):
        client.force_login(other.user)
        assert client.get(detail).status_code == 403
