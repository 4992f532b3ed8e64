"""Sideways: a manager asks for somebody of a group that is not theirs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.http import HttpResponse
from django.test import Client

from evalhub.accounts.models import Member, Workspace
from tests.factories import CampaignFactory, FlagFactory, MemberFactory
from tests.security.pages import shown_by
from tests.security.routes import all_routes

Enter = Callable[[Member], Client]
ACCESS = Path(__file__).parent.parent / "contract" / "access.txt"
CSRF = re.compile(r"\b[A-Za-z0-9]{64}\b")
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture
def manager(acme: Workspace) -> Member:
    MemberFactory.create(workspace=acme, pseudonym="Own-person", groups=["night"])
    found: Member = MemberFactory.create(
        workspace=acme, pseudonym="the manager", roles=["manager"], manages=["night"]
    )
    return found


@pytest.fixture
def other(acme: Workspace, olga: Member) -> Member:
    """Of another group, in a campaign of both, with a flag."""
    person: Member = MemberFactory.create(workspace=acme, pseudonym="Other-person", groups=["day"])
    campaign = CampaignFactory.create(workspace=acme, groups=["day", "night"], people=[person.pk])
    FlagFactory.create(task__campaign=campaign, member=person, text="Other-person asks")
    return person


def told(answer: HttpResponse, uid: UUID) -> tuple[int, str]:
    """Without what differs from one answer to the next."""
    shown = shown_by(answer).decode().replace(str(uid), "uid")
    return answer.status_code, CSRF.sub("csrf", shown)


def open_to_managers() -> list[str]:
    lines = ACCESS.read_text().splitlines()
    column = lines[0].split().index("manager")
    rows = (line.split() for line in lines[1:])
    return [words[0] for words in rows if words[1 + column] == "yes"]


def test_somebody_of_another_group_is_as_absent_as_who_never_was(
    manager: Member, other: Member, signed_in: Enter, with_token: Enter
) -> None:
    browser, program = signed_in(manager), with_token(manager)
    asked = 0
    for route in all_routes():
        if "/people/<uuid:" not in route.path:
            continue
        client = program if route.of_api else browser
        for method in METHODS:
            answers = []
            for uid in (other.uid, uuid4()):
                url = route.url({"workspace": "acme", "uid": str(uid)})
                answers.append(told(getattr(client, method)(url), uid))
            assert answers[0] == answers[1], f"{method} {route.path}"
            assert answers[0][0] in (404, 405)
            asked += answers[0][0] == 404
    assert asked >= 6  # four pages, and two calls


def test_no_page_or_call_of_a_manager_tells_of_others(
    manager: Member, other: Member, signed_in: Enter
) -> None:
    browser, own = signed_in(manager), Member.objects.get(pseudonym="Own-person")
    opened = 0
    for path in open_to_managers():
        route = next(each for each in all_routes() if each.path == path)
        answer = browser.get(route.url({"workspace": "acme", "uid": str(own.uid)}))
        if answer.status_code != 200:
            continue
        opened += 1
        shown = shown_by(answer).decode()
        assert "Other-person" not in shown, path
        assert "olga" not in shown, path
        assert other.user is None or other.user.username not in shown, path
    assert opened > 8
