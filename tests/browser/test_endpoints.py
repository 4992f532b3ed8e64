"""erin registers a model that a server runs, changes how it is asked, and retires it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from tests.browser.desk import look, start_session

pytestmark = pytest.mark.browser


def test_erin_registers_changes_and_retires_a_servers_model(
    page: Page, base_url: str, erin: Member
) -> None:
    start_session(page, erin, base_url)
    page.goto("/w/acme/models/")
    page.get_by_role("link", name="Register a server’s model").click()
    page.get_by_label("Name here").fill("far")
    page.get_by_label("Address").fill("http://10.1.2.3/v1")
    page.get_by_label("Model there").fill("theirs")
    page.get_by_label("Key").fill("sk-secret")
    page.get_by_role("button", name="Register it").click()
    expect(page.get_by_text("EVALHUB_ENDPOINT_PRIVATE")).to_be_visible()
    look(page, "endpoint-refused")
    expect(page.get_by_label("Key")).to_have_value("")

    page.get_by_label("Address").fill("https://models.example.org/v1")
    page.get_by_label("Key").fill("sk-secret")
    page.get_by_role("button", name="Register it").click()
    expect(page.get_by_role("heading", name="Where it answers")).to_be_visible()
    expect(page.get_by_text("stored, sealed")).to_be_visible()
    look(page, "endpoint")

    page.get_by_role("link", name="Change it").click()
    page.get_by_label("Requests per minute").fill("60")
    look(page, "endpoint-change")
    page.get_by_label("Requests per minute").press("Enter")  # by the keyboard alone
    expect(page.get_by_text("4 at once, 60 per minute")).to_be_visible()

    page.get_by_role("button", name="Retire it").click()
    expect(page.get_by_role("main").get_by_text("retired")).to_be_visible()
    expect(page.get_by_role("link", name="Change it")).to_have_count(0)
