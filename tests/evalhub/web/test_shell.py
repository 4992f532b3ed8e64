"""The shell: menu, home, errors, health, headers, help."""

from __future__ import annotations

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from evalhub.accounts.choices import Role
from evalhub.accounts.models import Member, Workspace
from evalhub.web import views
from evalhub.web.help import help_pages
from evalhub.web.menu import SECTIONS, menu_for
from evalhub.web.queries import next_steps
from tests.factories import CampaignFactory, JobFactory

HTMX = {"hx-request": "true", "hx-current-url": "http://testserver/w/acme/jobs/"}


def labels(member: Member) -> set[str]:
    return {item.label for section in menu_for(member, path="/") for item in section.items}


def test_the_menu_shows_each_role_its_own_pages(
    alice: Member, bob: Member, erin: Member, olga: Member
) -> None:
    assert labels(bob) == {"Home", "My work", "Notifications", "API tokens", "Help"}
    assert {"Campaigns", "Rubrics", "Imports"} <= labels(alice)
    assert "Members" not in labels(alice)
    assert {"Datasets", "Runs", "Loops", "Try it"} <= labels(erin)
    assert labels(olga) == {page.label for _, pages in SECTIONS for page in pages}


def test_the_page_one_is_on_is_marked_in_the_menu(client: Client, bob: Member) -> None:
    client.force_login(bob.user)
    shown = client.get("/w/acme/tokens/").content.decode()
    assert 'href="/w/acme/tokens/" aria-current="page"' in shown
    assert shown.count("aria-current") == 1


def test_one_workspace_opens_by_itself_and_several_are_offered(
    client: Client, bob: Member, charlie: Member
) -> None:
    client.force_login(bob.user)
    assert client.get("/").headers["Location"] == "/w/acme/"
    assert client.get("/?choose=1").status_code == 200
    Member.objects.create(workspace=charlie.workspace, user=bob.user, pseudonym="bob")
    assert "Elsewhere" in client.get("/").content.decode()


def test_home_says_what_waits(bob: Member, alice: Member, olga: Member) -> None:
    assert next_steps(bob)[0].title == "Nothing to judge yet"
    assert next_steps(alice)[0].title == "Write a rubric"
    CampaignFactory.create(workspace=bob.workspace)
    assert next_steps(bob)[0].sentence.startswith("One campaign is open.")
    assert all(step.url for step in next_steps(olga))


def test_a_member_without_work_is_told_so(bob: Member) -> None:
    bob.roles = [Role.REVIEWER]
    assert [step.title for step in next_steps(bob)] == ["Nothing waits for you"]


def test_hidden_and_absent_look_alike(client: Client, charlie: Member, acme: Workspace) -> None:
    client.force_login(charlie.user)
    hidden, absent = client.get("/w/acme/"), client.get("/w/nowhere/")
    assert hidden.status_code == absent.status_code == 404
    assert "No such workspace, or you are not a member of it." in hidden.content.decode()
    assert "Acme" not in hidden.content.decode()


def test_an_error_for_htmx_is_a_note_and_not_a_page(client: Client, bob: Member) -> None:
    client.force_login(bob.user)
    answer = client.get("/w/acme/members/", headers=HTMX)
    assert answer.status_code == 403
    assert "<html" not in answer.content.decode()
    assert 'role="alert"' in answer.content.decode()


def test_an_error_of_the_api_is_a_problem(client: Client, bob: Member) -> None:
    answer = client.get("/api/v1/nothing-like-this")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


def test_a_session_that_ran_out_sends_the_whole_page_to_sign_in(
    client: Client, alice: Member
) -> None:
    client.force_login(alice.user)
    Session.objects.all().delete()
    answer = client.get("/w/acme/jobs/", headers=HTMX)
    assert answer.headers["HX-Redirect"] == "/sign-in/?next=%2Fw%2Facme%2Fjobs%2F"
    assert answer.content == b""


def test_a_form_without_its_token_is_refused_with_a_remedy(alice: Member) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice.user)
    answer = client.post("/w/acme/tokens/", {"name": "x"})
    assert answer.status_code == 403
    assert "Reload it and send it again" in answer.content.decode()


def test_our_own_failure_is_a_page_without_the_trace(
    alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(views, "next_steps", break_down)
    client = Client(raise_request_exception=False)
    client.force_login(alice.user)
    answer = client.get("/w/acme/")
    assert answer.status_code == 500
    assert "evalhub failed here, not you" in answer.content.decode()
    assert "the secret inside" not in answer.content.decode()


def test_health_asks_the_database_and_nobody_to_sign_in(client: Client, db: None) -> None:
    answer = client.get("/health/")
    assert answer.status_code == 200
    assert answer.json() == {"database": True}
    assert "sessionid" not in answer.cookies


def test_every_page_carries_the_headers(client: Client, bob: Member) -> None:
    client.force_login(bob.user)
    headers = client.get("/w/acme/").headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-cache" in headers["Cache-Control"]


def test_times_are_shown_in_the_readers_zone(client: Client, alice: Member) -> None:
    with time_machine.travel("2026-01-05 23:30:00Z", tick=False):
        JobFactory.create(workspace=alice.workspace)
    client.force_login(alice.user)
    assert "5 Jan 2026, 23:30" in client.get("/w/acme/jobs/").content.decode()
    client.post("/profile/", {"timezone": "Asia/Tokyo"})
    shown = client.get("/w/acme/jobs/").content.decode()
    assert "6 Jan 2026, 08:30" in shown
    assert 'datetime="2026-01-05T23:30:00+00:00"' in shown


def test_every_help_page_opens(client: Client, bob: Member) -> None:
    client.force_login(bob.user)
    for page in help_pages():
        shown = client.get(f"/w/acme/help/{page.name}/").content.decode()
        assert page.title in shown
    assert client.get("/w/acme/help/no-such-page/").status_code == 404


def test_no_help_page_is_left_out_of_the_order() -> None:
    there = {path.stem for path in (settings.BASE_DIR / "docs" / "help").glob("*.md")}
    assert {page.name for page in help_pages()} == there
