"""Stale roles and privilege escalation: what somebody may do is asked at each request."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from evalhub.accounts.models import ApiToken, Member, User
from evalhub.accounts.services import revoke_token, set_active, set_roles

Enter = Callable[[Member], Client]


def test_a_demotion_counts_from_the_next_request_of_an_open_session(
    alice: Member, olga: Member, signed_in: Enter
) -> None:
    client = signed_in(alice)
    assert client.get("/w/acme/jobs/").status_code == 200
    set_roles(member=alice, roles=["annotator"], by=olga)
    assert client.get("/w/acme/jobs/").status_code == 403


def test_a_demotion_counts_for_the_tokens_too(
    alice: Member, olga: Member, with_token: Enter
) -> None:
    client = with_token(alice)
    assert client.get("/api/v1/judgments").status_code == 200
    set_roles(member=alice, roles=["annotator"], by=olga)
    assert client.get("/api/v1/judgments").status_code == 403


def test_who_is_deactivated_is_a_stranger_at_once(
    alice: Member, olga: Member, signed_in: Enter, with_token: Enter
) -> None:
    browser, program = signed_in(alice), with_token(alice)
    set_active(member=alice, active=False, by=olga)
    assert browser.get("/w/acme/").status_code == 404
    assert program.get("/api/v1/campaigns").status_code == 401


def test_a_revoked_token_is_unknown_at_once(alice: Member, with_token: Enter) -> None:
    client = with_token(alice)
    assert client.get("/api/v1/campaigns").status_code == 200
    revoke_token(token=ApiToken.objects.get(), by=alice)
    assert client.get("/api/v1/campaigns").status_code == 401


def test_a_new_password_ends_the_sessions_elsewhere(alice: Member, signed_in: Enter) -> None:
    elsewhere, here = signed_in(alice), signed_in(alice)
    words = {
        "current": "pw-for-tests",
        "password": "a-longer-pass-phrase",
        "again": "a-longer-pass-phrase",
    }
    answer = here.post("/profile/password/", words)
    assert answer.status_code == 302, answer.content.decode()
    assert here.get("/profile/").status_code == 200
    assert elsewhere.get("/profile/").status_code == 302


def test_nobody_gives_themselves_roles(alice: Member, signed_in: Enter) -> None:
    """Only an owner's page sets roles, and it is shut to all others."""
    url = f"/w/acme/members/{alice.uid}/"
    assert signed_in(alice).post(url, {"roles": ["owner"]}).status_code == 403
    alice.refresh_from_db()
    assert alice.roles == ["lead"]


def test_fields_that_a_form_does_not_show_are_not_set_by_it(
    alice: Member, signed_in: Enter
) -> None:
    """Mass assignment: the profile sets the zone, whatever else is posted."""
    more = {
        "timezone": "UTC",
        "is_superuser": "on",
        "is_staff": "on",
        "username": "root",
        "id": "1",
    }
    assert signed_in(alice).post("/profile/", more).status_code == 302
    user = User.objects.get(pk=alice.user_id)
    assert (user.username, user.is_staff, user.is_superuser) == ("alice", False, False)


def test_sign_up_is_closed_unless_somebody_opened_it(client: Client, db: None) -> None:
    """Open by default, it let strangers in on servers whose owners never knew."""
    words = {"username": "eve", "password": "a-longer-pass-phrase", "slug": "eve", "name": "Eve"}
    assert client.get("/sign-up/").status_code == 404
    assert client.post("/sign-up/", words).status_code == 404
    assert not User.objects.filter(username="eve").exists()


def test_passwords_cannot_be_tried_without_end(client: Client, alice: Member) -> None:
    guesses = [
        client.post("/sign-in/", {"username": "alice", "password": f"guess-{n}"}).status_code
        for n in range(11)
    ]
    assert guesses[-1] == 429
    right = client.post("/sign-in/", {"username": "alice", "password": "pw-for-tests"})
    assert right.status_code == 429, "the right one must be refused too, or guessing goes on"
