"""The first workspace of an instance comes from a command."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from evalhub.accounts.models import Member, User, Workspace
from evalhub.registry.models import LanguageModel

pytestmark = pytest.mark.django_db


def add(*arguments: str) -> str:
    out = StringIO()
    call_command("add_workspace", *arguments, stdout=out)
    return out.getvalue()


def test_the_owner_gets_a_link_that_works(client: Client) -> None:
    said = add("acme", "--name", "Acme", "--owner", "olga")
    link = said.split()[-1]
    path = "/" + link.split("/", 3)[3]
    client.post(path, {"password": "nine small otters"})
    assert client.get("/w/acme/members/").status_code == 200
    assert Member.objects.get().roles == ["owner"]


def test_it_starts_from_the_base_model_of_the_instance() -> None:
    said = add("acme", "--owner", "olga")
    assert "Its Rounds start from the base model demo-model." in said
    assert LanguageModel.objects.get().workspace.slug == "acme"


def test_an_account_that_exists_gets_no_link(olga: Member) -> None:
    said = add("second", "--owner", "olga")
    assert "password" not in said
    assert "belongs to olga" in said


def test_a_slug_that_is_taken_makes_nothing(olga: Member) -> None:
    with pytest.raises(CommandError, match="already"):
        add("acme", "--owner", "zoe")
    assert not User.objects.filter(username="zoe").exists()


def test_a_slug_that_cannot_stand_in_an_address_is_refused() -> None:
    with pytest.raises(CommandError, match="Lower-case"):
        add("Not A Slug", "--owner", "zoe")
    assert not Workspace.objects.exists()
