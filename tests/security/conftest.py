"""What the attacks share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from tests.security.world import World, make_world


@pytest.fixture
def world(olga: Member) -> World:
    """Acme, with a row of each kind."""
    return make_world(olga.workspace, olga, "plain words")


@pytest.fixture
def signed_in() -> Callable[[Member], Client]:
    """A browser in which a member is signed in; a crash is an answer of 500, as outside."""

    def browser(member: Member) -> Client:
        assert member.user is not None
        client = Client(raise_request_exception=False)
        client.force_login(member.user)
        return client

    return browser


@pytest.fixture
def with_token() -> Callable[[Member], Client]:
    """A program that sends a member's API token."""

    def program(member: Member) -> Client:
        text = create_token(member=member, name="program").text
        return Client(raise_request_exception=False, headers={"authorization": f"Bearer {text}"})

    return program
