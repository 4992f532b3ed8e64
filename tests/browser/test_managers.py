"""Mia looks after the people of her group: she invites, limits and names them, and sees their work."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member, Workspace
from tests.browser.conftest import DESKTOP, SignIn
from tests.browser.test_data_pages import check
from tests.conftest import cast_member
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    FlagFactory,
    GoldVerdictFactory,
    JudgmentFactory,
    MemberFactory,
    PayRateFactory,
    TaskFactory,
)

pytestmark = pytest.mark.browser


@pytest.fixture
def anna(acme: Workspace) -> Member:
    """Forty judgments in five days, a gold passed, a question."""
    person: Member = MemberFactory.create(workspace=acme, pseudonym="anna", groups=["night"])
    campaign = CampaignFactory.create(
        workspace=acme, title="Support letters, second round", groups=["night"], people=[person.pk]
    )
    CampaignFactory.create(workspace=acme, title="Recipes", groups=["night"])
    now = timezone.now()
    PayRateFactory.create(campaign=campaign, since=now - timedelta(days=30))
    for nth in range(40):
        task = TaskFactory.create(campaign=campaign)
        held = AssignmentFactory.create(task=task, member=person, state="submitted")
        when = now - timedelta(hours=3 * nth, minutes=1)
        judgment = JudgmentFactory.create(
            task=task, member=person, assignment=held, active_ms=20_000 + 900 * nth,
            wall_ms=90_000, judged_at=when,
        )  # fmt: skip
    GoldVerdictFactory.create(judgment=judgment, passed=True)
    FlagFactory.create(task=task, member=person, text="Is sarcasm rude? Some of them are ironic.")
    return person


def test_mia_looks_after_her_people(
    page: Page, sign_in: SignIn, quiet: list[str], acme: Workspace, anna: Member
) -> None:
    mia = cast_member("mia", acme, "manager")
    mia.manages = ["night", "spare"]
    mia.save()
    sign_in(mia)
    page.set_viewport_size(DESKTOP)
    check(page, "managers-home")
    page.get_by_role("link", name="My groups", exact=True).click()
    check(page, "managers-people")
    page.get_by_role("link", name="anna").click()
    check(page, "managers-person")
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    check(page, "managers-person-dark")
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.get_by_label("Most tasks a day").fill("30")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Saved")
    page.get_by_label("Support letters, second round").uncheck()
    page.get_by_role("button", name="Save the campaigns").click()
    expect(page.get_by_role("status")).to_contain_text("the last of your people")
    page.get_by_role("link", name="Questions and flags").click()
    check(page, "managers-flags")
    page.get_by_role("navigation", name="My groups").get_by_role("link", name="Pay").click()
    check(page, "managers-pay")
    page.goto("/w/acme/groups/")
    page.get_by_role("link", name="Invite somebody").click()
    page.get_by_label("User name").fill("zoe")
    page.get_by_label("night").check()
    check(page, "managers-invite")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_text("/invitation/zoe/")).to_be_visible()
    check(page, "managers-invited")
    assert Member.objects.get(user__username="zoe").groups == ["night"]
