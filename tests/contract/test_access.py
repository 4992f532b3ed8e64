"""Who gets what, URL by URL and role by role, as written down in access.txt.

tests/security looks for holes; this page of text makes every change of a right a line of a diff.
Write it anew with `EVALHUB_WRITE_ACCESS=1 pytest tests/contract/test_access.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client

from evalhub.accounts.choices import Role
from evalhub.accounts.models import Member, Workspace
from tests.contract.urls import Url, workspace_urls
from tests.contract.world import World

BASELINE = Path(__file__).with_name("access.txt")
OPENS, SHUT, HIDDEN = "yes", "no", "hidden"
HEAD = f"{'':<70} " + " ".join(f"{role:<9}" for role in Role)


@contextmanager
def undone() -> Iterator[None]:
    """What a request wrote is taken back, so that the next one finds the same world."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def ask(client: Client, url: Url, path: str) -> HttpResponseBase:
    """By GET, or by an empty POST where the URL takes no GET."""
    with undone():
        answer = client.get(path)
        if answer.status_code != 405:
            return answer
    with undone():
        if url.is_api:
            return client.post(path, "{}", content_type="application/json")
        return client.post(path)


def word_for(answer: HttpResponseBase) -> str:
    """Past the door or not; what is wrong with an empty form is another matter."""
    assert answer.status_code < 500
    return {403: SHUT, 404: HIDDEN}.get(answer.status_code, OPENS)


def signed_in(world: World, role: Role) -> Client:
    member = world.member(role)
    assert member.user is not None
    client = Client()
    client.force_login(member.user)
    return client


def rights(world: World) -> str:
    clients = [signed_in(world, role) for role in Role]
    lines = [HEAD.rstrip()]
    for url in sorted(workspace_urls(), key=lambda url: url.route):
        path = url.path(world, workspace="acme")
        words = [word_for(ask(client, url, path)) for client in clients]
        row = f"{url.route:<70} " + " ".join(f"{word:<9}" for word in words)
        lines.append(row.rstrip())
    return "\n".join(lines) + "\n"


def test_every_right_is_as_written_down(acme: Workspace, olga: Member) -> None:
    found = rights(World(acme))
    if os.environ.get("EVALHUB_WRITE_ACCESS"):
        BASELINE.write_text(found)
    assert found.splitlines() == BASELINE.read_text().splitlines()


@pytest.mark.parametrize("role", list(Role))
def test_the_menu_leads_nowhere_that_is_shut(acme: Workspace, role: Role) -> None:
    client = signed_in(World(acme), role)
    home = client.get("/w/acme/")
    sections = home.context["sections"]
    for item in (item for section in sections for item in section.items):
        assert client.get(item.url).status_code == 200, item.url
