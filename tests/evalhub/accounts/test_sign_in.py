"""Signing in and out, the first password, the profile."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from evalhub.accounts import invitations
from evalhub.accounts.errors import InvitationOver
from evalhub.accounts.models import FailedSignIn, Member, User, Workspace
from evalhub.audit.models import Entry
from evalhub.common.errors import Conflict
from evalhub.registry.models import LanguageModel
from tests.factories import PASSWORD, MemberFactory

PHRASE = "nine small otters"


def post_sign_in(client: Client, username: str, password: str, **more: str) -> int:
    words = {"username": username, "password": password} | more
    return client.post("/sign-in/", words).status_code


def invite(workspace: Workspace, name: str = "zoe") -> invitations.Invited:
    return invitations.invite(workspace=workspace, username=name, roles=["annotator"])


def test_bob_signs_in_and_out(client: Client, bob: Member) -> None:
    assert post_sign_in(client, "bob", PASSWORD) == 302
    assert client.get("/w/acme/").status_code == 200
    assert client.post("/sign-out/").status_code == 302
    assert client.get("/w/acme/").status_code == 302
    assert Entry.objects.filter(verb="account.signed_in", actor="bob").count() == 1


def test_the_owners_of_each_workspace_see_what_happens_to_an_account(
    client: Client, bob: Member, elsewhere: Workspace
) -> None:
    MemberFactory.create(workspace=elsewhere, user=bob.user, pseudonym="bob")
    post_sign_in(client, "bob", PASSWORD)
    entries = Entry.objects.filter(verb="account.signed_in").order_by("workspace")
    assert [entry.workspace for entry in entries] == ["acme", "elsewhere"]

    for _ in range(10):
        post_sign_in(client, "nobody-here", "wrong")
    assert Entry.objects.get(verb="account.locked").workspace == ""


def test_signing_out_takes_a_post(client: Client, bob: Member) -> None:
    client.force_login(bob.user)
    assert client.get("/sign-out/").status_code == 405
    assert client.get("/w/acme/").status_code == 200


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ("/w/acme/jobs/", "/w/acme/jobs/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_after_signing_in_one_stays_on_this_host(
    client: Client, bob: Member, wanted: str, got: str
) -> None:
    words = {"username": "bob", "password": PASSWORD, "next": wanted}
    assert client.post("/sign-in/", words).headers["Location"] == got


def test_a_wrong_password_says_nothing_about_the_name(client: Client, bob: Member) -> None:
    known = client.post("/sign-in/", {"username": "bob", "password": "wrong"})
    unknown = client.post("/sign-in/", {"username": "nobody", "password": "wrong"})
    sentence = "User name and password do not fit together."
    assert sentence in known.content.decode()
    assert sentence in unknown.content.decode()


def test_guessing_is_over_after_ten_and_possible_again_later(client: Client, bob: Member) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        for _ in range(10):
            assert post_sign_in(client, "bob", "wrong") == 200
        assert post_sign_in(client, "BOB", PASSWORD) == 429
        assert Entry.objects.filter(verb="account.locked").count() == 1
    with time_machine.travel(now + timedelta(minutes=16), tick=False):
        assert post_sign_in(client, "bob", PASSWORD) == 302


def test_a_right_password_clears_the_count(client: Client, bob: Member) -> None:
    for _ in range(9):
        post_sign_in(client, "bob", "wrong")
    assert post_sign_in(client, "bob", PASSWORD) == 302
    client.logout()
    assert post_sign_in(client, "bob", "wrong") == 200
    assert post_sign_in(client, "bob", PASSWORD) == 302


def test_old_failures_are_not_kept(client: Client, bob: Member) -> None:
    with time_machine.travel(timezone.now() - timedelta(hours=1), tick=False):
        post_sign_in(client, "bob", "wrong")
    post_sign_in(client, "bob", "wrong")
    assert FailedSignIn.objects.count() == 2  # one for the name, one for the address


def test_an_invited_person_sets_a_password_and_is_in(client: Client, acme: Workspace) -> None:
    path = invite(acme).path
    assert path is not None
    assert "Welcome, zoe" in client.get(path).content.decode()
    assert client.post(path, {"password": PHRASE}).status_code == 302
    assert client.get("/w/acme/").status_code == 200
    assert Client().get(path).status_code == 404
    assert User.objects.get(username="zoe").check_password(PHRASE)


def test_a_weak_first_password_is_refused(client: Client, acme: Workspace) -> None:
    path = invite(acme).path
    assert path is not None
    assert "too common" in client.post(path, {"password": "password"}).content.decode()
    assert not User.objects.get(username="zoe").has_usable_password()


def test_an_invitation_is_over_after_three_days(acme: Workspace) -> None:
    path = invite(acme).path
    assert path is not None
    name, token = path.strip("/").split("/")[1:]
    assert invitations.invited_user(name, token).username == "zoe"
    later = timezone.now() + timedelta(days=3, minutes=1)
    with time_machine.travel(later), pytest.raises(InvitationOver):
        invitations.invited_user(name, token)


def test_nobody_else_can_be_invited_into_an_account(bob: Member) -> None:
    """A made-up link for an account that has a password opens nothing."""
    assert bob.user is not None
    with pytest.raises(InvitationOver):
        invitations.invited_user(bob.user.username, "abc-def")


def test_who_has_an_account_is_added_without_a_link(bob: Member, elsewhere: Workspace) -> None:
    invited = invite(elsewhere, "bob")
    assert invited.path is None
    assert invited.member.user == bob.user


def test_another_workspace_cannot_take_over_an_invited_account(
    acme: Workspace, charlie: Member
) -> None:
    """Charlie adds the name that Acme has just invited, and asks for a link to its account."""
    invite(acme, "zoe")
    theirs = invite(charlie.workspace, "zoe")
    assert theirs.path is None
    with pytest.raises(Conflict):
        invitations.invite_again(member=theirs.member, by=charlie)


def test_a_lost_invitation_is_made_again(acme: Workspace, olga: Member) -> None:
    member = invite(acme).member
    again = invitations.invite_again(member=member, by=olga)
    assert again.path is not None


def test_changing_the_password_takes_the_present_one(client: Client, bob: Member) -> None:
    client.force_login(bob.user)
    wrong = {"current": "wrong", "password": PHRASE}
    assert client.post("/profile/password/", wrong).status_code == 200
    right = {"current": PASSWORD, "password": PHRASE}
    assert client.post("/profile/password/", right).status_code == 302
    assert client.get("/w/acme/").status_code == 200
    assert User.objects.get(username="bob").check_password(PHRASE)


def test_sign_up_where_it_is_open_makes_a_workspace_of_ones_own(
    client: Client, db: None, settings: pytest.FixtureRequest
) -> None:
    settings.EVALHUB_OPEN_SIGN_UP = True  # type: ignore[attr-defined]  # pytest-django's settings
    words = {"username": "zoe", "password": PHRASE, "name": "Otters", "slug": "otters"}
    assert client.post("/sign-up/", words).headers["Location"] == "/w/otters/"
    assert Member.objects.get().roles == ["owner"]
    assert LanguageModel.objects.get().workspace.slug == "otters"
    taken = client.post("/sign-up/", words | {"slug": "other"})
    assert "There is an account “zoe” already" in taken.content.decode()


def test_the_time_zone_is_one_that_exists(client: Client, bob: Member) -> None:
    client.force_login(bob.user)
    assert client.post("/profile/", {"timezone": "Mars/Olympus"}).status_code == 200
    assert User.objects.get(username="bob").timezone == "UTC"


def test_a_member_of_no_workspace_is_told_what_to_do(client: Client, bob: Member) -> None:
    Member.objects.all().update(is_active=False)
    client.force_login(bob.user)
    assert "No workspace yet" in client.get("/").content.decode()


def test_a_second_member_of_one_account_is_refused(bob: Member, acme: Workspace) -> None:
    with pytest.raises(Conflict):
        invite(acme, "bob")
    assert MemberFactory._meta.model.objects.filter(user=bob.user).count() == 1
