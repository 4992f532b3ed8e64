"""Keys and habits: presets, conflicts, and what a hostile key cannot do."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.judgments.keys import ACTS, PRESETS
from evalhub.judgments.models import DeskSettings
from tests.factories import TaskFactory

pytestmark = pytest.mark.django_db
DESK = "/w/acme/my-work/keys/"


@pytest.fixture
def bobs(client: Client, bob: Member) -> Client:
    client.force_login(bob.user)
    return client


def save(client: Client, **more: str) -> Any:
    return client.post(DESK, {"preset": "evalhub", **more})


def keys_in(page: str) -> dict[str, str]:
    """As the page's script reads them."""
    found = re.search(r'<script id="desk" type="application/json">(.*?)</script>', page)
    assert found
    keys: dict[str, str] = json.loads(found[1])["keys"]
    return keys


def test_every_act_shows_the_key_of_each_preset(bobs: Client) -> None:
    html = bobs.get(DESK).content.decode()
    for act, meaning in ACTS.items():
        assert f'name="key_{act}"' in html
        assert str(meaning).capitalize() in html
    for name in ("evalhub", "Argilla", "doccano", "Prodigy"):
        assert f'data-label="{name}"' in html


@pytest.mark.parametrize("preset", ["evalhub", "argilla", "doccano", "prodigy"])
def test_a_preset_and_what_differs_from_it_make_the_keys(
    bobs: Client, campaign: Campaign, preset: str
) -> None:
    TaskFactory.create(campaign=campaign)
    assert save(bobs, preset=preset, key_flag="Q", auto_submit="on").status_code == 302
    desk = DeskSettings.objects.get()
    assert (desk.preset, desk.keys) == (preset, {"flag": "q"})
    assert (desk.auto_advance, desk.auto_submit) == (False, True)
    shown = keys_in(bobs.get(f"/w/acme/campaigns/{campaign.uid}/judge/").content.decode())
    assert shown == PRESETS[preset] | {"flag": "q"}


@pytest.mark.parametrize(
    ("changed", "act", "why"),
    [
        ({"key_skip": "f"}, "flag", "same key"),
        ({"key_skip": "F"}, "flag", "same key"),
        ({"preset": "argilla", "key_flag": "Enter"}, "flag", "same key"),
        ({"key_skip": "3"}, "skip", "chooses or moves"),
        ({"key_skip": "ArrowUp"}, "skip", "chooses or moves"),
        ({"key_skip": "F13"}, "skip", "One character"),
    ],
)
def test_a_key_that_cannot_be_is_named_with_its_act(
    bobs: Client, changed: dict[str, str], act: str, why: str
) -> None:
    answer = save(bobs, **changed)
    assert answer.status_code == 422
    assert why in str(answer.context["form"].errors[f"key_{act}"])
    assert why in answer.content.decode()
    assert not DeskSettings.objects.exists()


def test_the_space_bar_is_a_key(bobs: Client) -> None:
    save(bobs, key_skip=" ")
    assert DeskSettings.objects.get().keys == {"skip": " "}


@pytest.mark.parametrize("key", ["<", "&", "'", '"', "\u2028", "</script>", "<script>x"])
def test_a_hostile_key_stays_data(bobs: Client, bob: Member, campaign: Campaign, key: str) -> None:
    """The class: custom keys of a peer ended as a script in everybody's page (CVE-2026-22033)."""
    TaskFactory.create(campaign=campaign)
    if len(key) > 1:
        assert save(bobs, key_skip=key).status_code == 422
    DeskSettings.objects.create(member=bob, keys={"skip": key})  # whoever wrote it there
    for path in (DESK, f"/w/acme/campaigns/{campaign.uid}/judge/"):
        html = bobs.get(path).content.decode()
        assert f'value="{key}"' not in html or key == "\u2028"
        assert "<script>x" not in html.lower()
        assert '</script>"' not in html
    assert keys_in(html)["skip"] == key


def test_one_desk_is_one_members(client: Client, bobs: Client, alice: Member) -> None:
    save(bobs, key_skip="x")
    client.force_login(alice.user)
    assert client.get(DESK).status_code == 403
