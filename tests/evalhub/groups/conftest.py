from __future__ import annotations

import pytest
from django.test import Client

from evalhub.accounts.models import Member, Workspace
from tests.conftest import cast_member
from tests.factories import MemberFactory


@pytest.fixture
def mia(acme: Workspace) -> Member:
    """Manages the groups night and spare."""
    member = cast_member("mia", acme, "manager")
    member.manages = ["night", "spare"]
    member.save()
    return member


@pytest.fixture
def anna(acme: Workspace) -> Member:
    """One of Mia's, who is also in a group that is not hers."""
    person: Member = MemberFactory.create(
        workspace=acme, pseudonym="anna", groups=["day", "night"], languages=["de"]
    )
    return person


@pytest.fixture
def bert(acme: Workspace) -> Member:
    """None of hers."""
    person: Member = MemberFactory.create(workspace=acme, pseudonym="bert", groups=["day"])
    return person


@pytest.fixture
def manager(client: Client, mia: Member) -> Client:
    client.force_login(mia.user)
    return client
