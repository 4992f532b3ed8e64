"""Signing in by a real identity provider, in a process of its own: code flow, PKCE, RS256."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts import invitations
from evalhub.accounts.models import Identity, Member, Workspace
from evalhub.campaigns.models import Draft
from evalhub.common.identity_provider import IdentityProvider
from tests.browser.conftest import axe_findings
from tests.browser.desk import campaign_of, is_ready
from tests.browser.hand import is_safe, keep_shot
from tests.browser.test_data_pages import check

pytestmark = pytest.mark.browser
CLIENT, SECRET, PASSWORD = "evalhub", "told-only-to-evalhub", "pw-at-the-provider"


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def issuer(base_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = f"http://127.0.0.1:{free_port()}"
    database = tmp_path_factory.mktemp("provider") / "provider.sqlite"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.oidc_provider", f"{base_url}/sign-in/oidc/callback/"],
        env=os.environ | {"PROVIDER_ISSUER": f"{place}/o", "PROVIDER_DATABASE": str(database)},
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "READY\n"
        yield f"{place}/o"
        process.stdin.close()


@pytest.fixture
def acme_id(issuer: str, settings: Any) -> None:
    settings.EVALHUB_OIDC = IdentityProvider(issuer, CLIENT, SECRET, "Acme ID")


def say_who(page: Page, name: str) -> None:
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()


def test_an_invited_person_comes_in_by_the_provider_and_comes_again(
    page: Page, quiet: list[str], acme_id: None, acme: Workspace
) -> None:
    invitations.invite(workspace=acme, username="zoe", email="zoe@x.org", roles=["annotator"])
    page.goto("/w/acme/help/")
    check(page, "sign-in-by-provider")
    page.get_by_role("link", name="Sign in with Acme ID").click()
    say_who(page, "zoe@x.org")
    page.wait_for_url("**/w/acme/help/")
    assert Identity.objects.get().user.username == "zoe"
    page.context.clear_cookies(name="sessionid")
    page.goto("/sign-in/")
    page.get_by_role("link", name="Sign in with Acme ID").click()  # the provider knows her still
    page.wait_for_url("**/w/acme/")
    expect(page.get_by_role("link", name="My work")).to_be_visible()


def test_a_stranger_at_the_provider_is_a_stranger_here(
    page: Page, acme_id: None, alice: Member
) -> None:
    page.goto("/sign-in/")
    page.get_by_role("link", name="Sign in with Acme ID").click()
    say_who(page, "stranger@x.org")
    expect(page.get_by_text("Nobody has invited stranger@x.org.")).to_be_visible()
    check(page, "sign-in-refused")
    assert not Identity.objects.exists()
    page.goto("/w/acme/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_whose_session_ended_comes_back_by_the_provider_without_leaving_the_desk(
    page: Page, acme_id: None, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 2, asks=["critique"])
    acme = bob.workspace
    invitations.invite(workspace=acme, username="zoe", email="zoe@x.org", roles=["annotator"])
    page.goto(f"/sign-in/?next=/w/acme/campaigns/{campaign.uid}/judge/")
    page.get_by_role("link", name="Sign in with Acme ID").click()
    say_who(page, "zoe@x.org")
    is_ready(page)
    page.context.clear_cookies(name="sessionid")
    page.get_by_label("Why?").fill("half a thought")
    page.get_by_role("button", name="Sign in here").click()
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog.get_by_label("Password")).to_be_visible()
    assert axe_findings(page) == []
    keep_shot(page, "sign-in-provider")
    with page.expect_popup() as opened:
        dialog.get_by_role("link", name="Sign in with Acme ID, in a new tab").click()
    opened.value.wait_for_url("**/w/acme/")  # the provider knows her still
    opened.value.close()
    is_safe(page)
    expect(dialog).to_be_hidden()
    assert Draft.objects.get().body["fields"]["critique"] == "half a thought"
