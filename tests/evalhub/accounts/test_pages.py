"""Members and tokens in pages."""

from __future__ import annotations

import pytest
from django.test import Client

from evalhub.accounts.models import ApiToken, Member
from evalhub.audit.models import Entry
from tests import factories as make


@pytest.fixture
def owner(client: Client, olga: Member) -> Client:
    client.force_login(olga.user)
    return client


def test_olga_adds_a_member_and_sees_the_link_once(owner: Client) -> None:
    words = {"username": "zoe", "pseudonym": "Z", "roles": ["lead", "annotator"]}
    shown = owner.post("/w/acme/members/add/", words)
    assert "/invitation/zoe/" in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    member = Member.objects.get(pseudonym="Z")
    assert member.roles == ["annotator", "lead"]
    assert "/invitation/" not in owner.get(f"/w/acme/members/{member.uid}/").content.decode()


def test_a_name_that_is_taken_is_said_at_the_form(owner: Client, bob: Member) -> None:
    shown = owner.post("/w/acme/members/add/", {"username": "bob", "roles": ["lead"]})
    assert shown.status_code == 200
    assert "has a member “bob” already" in shown.content.decode()


def test_olga_changes_roles(owner: Client, bob: Member) -> None:
    owner.post(f"/w/acme/members/{bob.uid}/", {"roles": ["lead", "engineer"]})
    bob.refresh_from_db()
    assert bob.roles == ["lead", "engineer"]
    assert Entry.objects.get(verb="member.roles_set").details["before"] == ["annotator"]


def test_the_last_owner_cannot_step_down(owner: Client, olga: Member) -> None:
    assert owner.post(f"/w/acme/members/{olga.uid}/", {"roles": ["lead"]}).status_code == 409
    olga.refresh_from_db()
    assert olga.roles == ["owner"]


def test_a_deactivated_member_comes_back(owner: Client, bob: Member) -> None:
    owner.post(f"/w/acme/members/{bob.uid}/deactivate/")
    bob.refresh_from_db()
    assert not bob.is_active
    owner.post(f"/w/acme/members/{bob.uid}/activate/")
    bob.refresh_from_db()
    assert bob.is_active


def test_a_tokens_text_is_shown_once(client: Client, bob: Member) -> None:
    client.force_login(bob.user)
    shown = client.post("/w/acme/tokens/", {"name": "laptop"})
    assert "evh_" in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    again = client.get("/w/acme/tokens/").content.decode()
    token = ApiToken.objects.get()
    assert token.prefix in again
    assert token.digest not in again


def test_bob_revokes_his_own_token_and_nobody_elses(
    client: Client, bob: Member, alice: Member
) -> None:
    client.force_login(bob.user)
    client.post("/w/acme/tokens/", {"name": "mine"})
    token = ApiToken.objects.get()
    stranger = Client()
    stranger.force_login(alice.user)
    assert stranger.post(f"/w/acme/tokens/{token.uid}/revoke/").status_code == 404
    client.post(f"/w/acme/tokens/{token.uid}/revoke/")
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert "revoked" in client.get("/w/acme/tokens/").content.decode()


def test_the_audit_log_is_narrowed_and_paged(owner: Client, olga: Member) -> None:
    Entry.objects.bulk_create(
        Entry(workspace="acme", actor="olga", verb="test.done", target=f"n {n}") for n in range(60)
    )
    Entry.objects.create(workspace="elsewhere", actor="charlie", verb="test.done")
    Entry.objects.create(workspace="acme", actor="bob", verb="other.done")

    first = owner.get("/w/acme/audit/?verb=test.done").content.decode()
    assert "n 59<" in first
    assert "n 9<" not in first
    assert "other.done" not in first
    assert "charlie" not in first
    older = Entry.objects.get(target="n 10")
    rest = owner.get(f"/w/acme/audit/?verb=test.done&before={older.uid}").content.decode()
    assert "n 9<" in rest
    assert "n 10<" not in rest


def test_olga_finds_members_by_name_role_group_and_state(owner: Client, bob: Member) -> None:
    make.MemberFactory.create(
        workspace=bob.workspace, pseudonym="nora", roles=["lead"], groups=["night"]
    )
    make.MemberFactory.create(workspace=bob.workspace, pseudonym="nils", is_active=False)

    def found(**asked: str) -> list[str]:
        shown = owner.get("/w/acme/members/", asked)
        return [each.pseudonym for each in shown.context["members"]]

    assert found() == ["bob", "nils", "nora", "olga"]
    assert found(q="NO") == ["nora"]
    assert found(role="lead") == ["nora"]
    assert found(group="night") == ["nora"]
    assert found(group="gone") == found()
    assert found(state="inactive") == ["nils"]
    assert "Nobody found" in owner.get("/w/acme/members/", {"q": "xyz"}).content.decode()


def test_a_list_that_is_too_long_says_so(
    owner: Client, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evalhub.accounts.member_views.MOST_SHOWN", 1)
    page = owner.get("/w/acme/members/").content.decode()
    assert "More than 1 fit" in page
    assert "More than" not in owner.get("/w/acme/members/", {"q": "bob"}).content.decode()


def test_the_words_that_there_are_stand_beside_their_fields(owner: Client, bob: Member) -> None:
    Member.objects.filter(pk=bob.pk).update(groups=["night", "day"], languages=["de"])
    page = owner.get(f"/w/acme/members/{bob.uid}/").content.decode()
    assert page.count("There are: day, night.") == 2  # the groups one is in, and those one manages
    assert "There are: de." in page
    wrong = {"roles": ["annotator"], "manages": "night"}
    assert owner.post(f"/w/acme/members/{bob.uid}/", wrong).status_code == 422
