"""erin asks a server on an adapter's page whether it serves it: once it does, once it left it out."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.jobs import jobs
from evalhub.registry.endpoints import Access, add_endpoint
from evalhub.registry.services import add_base_model
from evalhub.runs.models import Run
from evalhub.runs.outside import register_adapter
from tests.browser.desk import look, start_session
from tests.evalhub.runs.adapters import adapter_folder
from tests.evalhub.runs.scenes import without_torch

pytestmark = pytest.mark.browser


def test_erin_finds_that_a_server_left_the_adapter_out(
    page: Page, base_url: str, erin: Member, quiet: list[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    without_torch(monkeypatch)
    space = erin.workspace
    base = add_base_model(workspace=space, name="demo-model", source="training/assets/demo-model")
    folder = adapter_folder(tmp_path / "adapter")
    kind = register_adapter(workspace=space, folder=folder, base=base, name="kind").model
    for served_name in ("base", "kind"):
        access = Access(url="https://models.example.org/v1", served_name=served_name)
        add_endpoint(workspace=space, name=f"their {served_name}", access=access)
    start_session(page, erin, base_url)
    its_page = f"/w/acme/models/{kind.uid}/"

    page.goto(its_page)
    page.get_by_label("Endpoint").select_option(label="their base")
    page.get_by_role("button", name="Check what it serves").click()
    expect(page.get_by_role("heading", name="Check what their base serves against kind")).to_be_visible()  # fmt: skip
    expect(page.get_by_role("button", name="Cancel this run")).to_be_visible()
    page.goto(its_page)
    expect(page.get_by_role("button", name="Cancel the check")).to_be_visible()
    look(page, "served-under-way")
    jobs.execute(Run.objects.get().job.uid)
    page.goto(its_page)
    expect(page.get_by_text("The server answers as the base does, without the adapter:")).to_be_visible()  # fmt: skip
    look(page, "served-is-base")

    page.get_by_label("Endpoint").select_option(label="their kind")
    page.get_by_label("Endpoint").press("Tab")  # by the keyboard alone
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Check what their kind serves against kind")).to_be_visible()  # fmt: skip
    jobs.execute(Run.objects.latest("pk").job.uid)
    page.goto(its_page)
    expect(page.get_by_text("“their kind” serves this adapter.")).to_be_visible()
    look(page, "served-is-adapter")
