"""Models that servers run: added, changed and retired by page, API and command; the key never comes out."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.models import Entry
from evalhub.common.sealing import CannotUnseal, seal, unseal
from evalhub.registry.endpoints import (
    Access,
    add_endpoint,
    change_endpoint,
    key_of,
    retire_endpoint,
)
from evalhub.registry.errors import BadEndpoint, EndpointNotAllowed, ModelNameTaken
from evalhub.registry.models import Endpoint, LanguageModel, Stage
from tests.factories import EndpointFactory, LanguageModelFactory

KEY = "sk-0123456789-very-secret"
URL = "https://models.example.org/v1"
THEIRS = Access(url=URL, served_name="theirs")
FORM = {"url": URL, "served_name": "theirs", "per_minute": "0", "at_once": "4"}


def test_an_engineer_registers_changes_and_retires_one_on_its_pages(
    client: Client, erin: Member
) -> None:
    client.force_login(erin.user)
    new = reverse("registry:endpoint_new", args=["acme"])
    assert client.post(new, FORM | {"name": "far", "key": "two words"}).status_code == 422
    made = client.post(new, FORM | {"name": "far", "key": KEY, "input_price": "0.15", "output_price": "0.6"})  # fmt: skip
    model = LanguageModel.objects.get(name="far")
    assert made.headers["Location"] == reverse("registry:detail", args=["acme", model.uid])
    page = client.get(made.headers["Location"]).content.decode()
    assert URL in page
    assert "0.15 read, 0.6 written" in page
    assert "stored, sealed" in page

    edit = reverse("registry:endpoint_edit", args=["acme", model.uid])
    form = client.get(edit).content.decode()
    assert "A key is stored." in form
    assert client.post(edit, FORM | {"per_minute": "30"}).status_code == 302
    model.endpoint.refresh_from_db()
    assert (model.endpoint.per_minute, key_of(model.endpoint)) == (30, KEY), "the key stays"
    assert client.post(edit, FORM | {"drops_key": "on"}).status_code == 302
    model.endpoint.refresh_from_db()
    assert not model.endpoint.has_key

    client.post(reverse("registry:endpoint_retire", args=["acme", model.uid]))
    model.refresh_from_db()
    assert model.stage == Stage.RETIRED
    assert KEY not in page + form


def test_the_key_stands_nowhere_in_the_open(client: Client, erin: Member) -> None:
    client.force_login(erin.user)
    body = {"name": "far", "url": URL, "served_name": "theirs", "key": KEY}
    made = client.post("/api/v1/endpoints?workspace=acme", body, "application/json")
    assert made.status_code == 201
    listed = client.get("/api/v1/endpoints?workspace=acme")
    one = client.get(f"/api/v1/endpoints/{made.json()['uid']}")
    assert [each["has_key"] for each in (made.json(), one.json(), *listed.json())] == [True] * 3
    assert not {"key", "sealed_key"} & made.json().keys()
    told = json.dumps([entry.details for entry in Entry.objects.all()])
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(e)::text FROM registry_endpoint e")
        stored = cursor.fetchone()[0]
    for text in (told, stored, made.content.decode(), one.content.decode()):
        assert KEY not in text
    assert key_of(Endpoint.objects.get()) == KEY


def test_the_api_changes_what_is_named_and_retires(client: Client, erin: Member) -> None:
    client.force_login(erin.user)
    model = add_endpoint(workspace=erin.workspace, name="far", access=THEIRS, key=KEY)
    path = f"/api/v1/endpoints/{model.uid}"
    changed = client.patch(path, {"at_once": 9}, "application/json").json()
    assert (changed["at_once"], changed["url"], changed["has_key"]) == (9, URL, True)
    assert client.patch(path, {"key": ""}, "application/json").json()["has_key"] is False
    assert client.patch(path, {"at_once": 0}, "application/json").status_code == 400
    assert client.delete(path).json()["stage"] == "retired"
    verbs = list(Entry.objects.filter(verb__startswith="endpoint.").order_by("pk").values_list("verb", flat=True))  # fmt: skip
    assert verbs == ["endpoint.added", "endpoint.changed", "endpoint.changed", "endpoint.retired"]


def test_a_key_does_not_follow_to_another_server(acme: Workspace) -> None:
    """Else whoever may change an address could have the key sent to a server of their own."""
    endpoint = add_endpoint(workspace=acme, name="far", access=THEIRS, key=KEY).endpoint
    elsewhere = Access(url="https://elsewhere.example.org/v1", served_name="theirs")
    with pytest.raises(BadEndpoint, match="The key is the other server's"):
        change_endpoint(endpoint=endpoint, given=asdict(elsewhere))
    assert not change_endpoint(endpoint=endpoint, given=asdict(elsewhere), key="").has_key
    same = Access(url="https://elsewhere.example.org/v2", served_name="other")
    endpoint = change_endpoint(endpoint=endpoint, given=asdict(elsewhere), key="new")
    assert key_of(change_endpoint(endpoint=endpoint, given=asdict(same))) == "new"


def test_retired_it_has_no_key(acme: Workspace) -> None:
    endpoint = add_endpoint(workspace=acme, name="far", access=THEIRS, key=KEY).endpoint
    assert not retire_endpoint(endpoint=endpoint).has_key
    with pytest.raises(BadEndpoint, match="It is retired"):
        change_endpoint(endpoint=endpoint, given={}, key="another")


def test_changes_at_once_lose_none(acme: Workspace) -> None:
    """Both read the row before either wrote; each names what it changes and nothing else."""
    made = add_endpoint(workspace=acme, name="far", access=THEIRS, key=KEY).endpoint
    again = Endpoint.objects.get(pk=made.pk)
    change_endpoint(endpoint=made, given={"at_once": 7})
    changed = change_endpoint(endpoint=again, given={"per_minute": 60})
    assert (changed.at_once, changed.per_minute) == (7, 60)


@pytest.mark.parametrize(
    ("access", "told"),
    [
        (Access(url="ftp://host", served_name="m"), "is not https"),
        (Access(url="https://key@host/v1", served_name="m"), "refused"),
        (Access(url=URL, served_name=" "), "what the server calls"),
        (Access(url=URL, served_name="m", input_price=Decimal(1)), "both prices"),
        (Access(url=URL, served_name="m", input_price=Decimal(-1), output_price=Decimal(1)), "0 or more"),
        (Access(url=URL, served_name="m", input_price=Decimal("nan"), output_price=Decimal(1)), "0 or more"),
        (Access(url=URL, served_name="m", at_once=65), "1 to 64"),
        (Access(url=URL, served_name="m", per_minute=-1), "for no limit"),
    ],
)  # fmt: skip
def test_what_no_server_has_is_refused(acme: Workspace, access: Access, told: str) -> None:
    with pytest.raises(BadEndpoint, match=told):
        add_endpoint(workspace=acme, name="far", access=access)


@pytest.mark.parametrize("key", ["two words", "new\nline", "schlüssel", "x" * 501])
def test_what_is_no_key_is_refused_and_not_repeated(acme: Workspace, key: str) -> None:
    with pytest.raises(BadEndpoint) as refused:
        add_endpoint(workspace=acme, name="far", access=THEIRS, key=key)
    assert key not in str(refused.value)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]"]
)
def test_private_machines_are_the_operators_to_name(
    acme: Workspace, settings: Any, host: str
) -> None:
    settings.EVALHUB_ENDPOINT_PRIVATE = []
    access = Access(url=f"http://{host}:8000/v1", served_name="m")
    with pytest.raises(EndpointNotAllowed, match="EVALHUB_ENDPOINT_PRIVATE"):
        add_endpoint(workspace=acme, name="far", access=access)
    settings.EVALHUB_ENDPOINT_PRIVATE = [host.strip("[]"), "10.0.0.0/8", "localhost"]
    assert add_endpoint(workspace=acme, name="far", access=access).endpoint.url == access.url


def test_a_name_is_taken_once(acme: Workspace) -> None:
    LanguageModelFactory.create(workspace=acme, name="far")
    with pytest.raises(ModelNameTaken):
        add_endpoint(workspace=acme, name="far", access=THEIRS)


def test_the_command_adds_changes_lists_and_retires(
    acme: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{KEY}\n"))
    named = ["--workspace", "acme", "--name", "far"]
    call_command("endpoint", *named, "--url", URL, "--model", "theirs", "--price", "0.5", "2", "--key-stdin")  # fmt: skip
    call_command("endpoint", *named, "--at-once", "2")
    endpoint = Endpoint.objects.get()
    assert (endpoint.at_once, endpoint.prices, key_of(endpoint)) == (2, [0.5, 2.0], KEY)
    call_command("endpoint", *named, "--retire")
    call_command("endpoint", "--workspace", "acme", "--json")
    out = capsys.readouterr().out
    (told,) = json.loads(out.splitlines()[-1])
    assert (told["name"], told["stage"], told["has_key"]) == ("far", "retired", False)
    assert KEY not in out
    LanguageModelFactory.create(workspace=acme, name="base")
    with pytest.raises(CommandError, match="No such endpoint"):
        call_command("endpoint", "--workspace", "acme", "--name", "base", "--at-once", "2")


def test_what_is_sealed_opens_with_an_older_key_and_with_no_other(settings: Any) -> None:
    settings.EVALHUB_SEALING_KEYS = ["old " * 20]
    sealed = seal(KEY)
    assert KEY not in sealed
    assert seal(KEY) != sealed, "nobody sees that two are the same"
    settings.EVALHUB_SEALING_KEYS = ["new " * 20, "old " * 20]
    assert unseal(sealed) == KEY
    settings.EVALHUB_SEALING_KEYS = ["new " * 20]
    with pytest.raises(CannotUnseal, match="EVALHUB_SEALING_KEYS"):
        unseal(sealed)
    assert seal("") == unseal("") == ""


def test_who_only_looks_on_sees_no_address(client: Client, alice: Member) -> None:
    endpoint = EndpointFactory.create(model__workspace=alice.workspace)
    client.force_login(alice.user)
    page = client.get(reverse("registry:detail", args=["acme", endpoint.model.uid]))
    assert page.status_code == 200
    assert endpoint.url not in page.content.decode()
    assert client.get(f"/api/v1/endpoints/{endpoint.model.uid}").status_code in (403, 404)
