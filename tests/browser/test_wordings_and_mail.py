"""The pages of a trial of two wordings and of e-mail, as a lead and an owner meet them."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member, User
from evalhub.campaigns.models import Campaign
from evalhub.common.outgoing_mail import OutgoingMail
from evalhub.jobs.jobs import execute
from evalhub.mail.models import Letter
from evalhub.rubrics.models import RubricVersion
from tests.browser.conftest import SignIn
from tests.browser.test_data_pages import check
from tests.evalhub.reports.test_wordings import draft, judge_all, people_of_each, second

__all__ = ["draft", "second"]  # fixtures
pytestmark = pytest.mark.browser


def test_alice_tries_two_wordings_reads_them_side_by_side_and_keeps_one(
    page: Page,
    sign_in: SignIn,
    quiet: list[str],
    alice: Member,
    draft: Campaign,
    second: RubricVersion,
) -> None:
    sign_in(alice)
    page.goto(f"/w/acme/campaigns/{draft.uid}/wordings/")
    page.get_by_role("combobox", name="Second wording").select_option(str(second.uid))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Changed.")).to_be_visible()
    check(page, "wordings-draft")
    Campaign.objects.update(state="open")
    for number, people in people_of_each(draft, 3).items():
        for nth, member in enumerate(people):
            judge_all(draft, member, 4 - nth % 2 if number == 2 else nth + 1, "AB"[nth % 2])
    page.reload()
    page.get_by_role("button", name="Compute", exact=True).click()
    expect(page.get_by_role("link", name="the job")).to_be_visible()
    execute(draft.reports.get().job.uid)
    expect(page.get_by_role("rowheader", name="Agreement: clarity")).to_be_visible()
    check(page, "wordings-report")
    page.get_by_role("button", name="Keep Answers v2").click()
    expect(page.get_by_text("Everybody is shown Answers v2 from now on.")).to_be_visible()
    check(page, "wordings-kept")


def test_olga_chooses_what_comes_by_mail_and_sees_what_did_not_go_out(
    page: Page, sign_in: SignIn, quiet: list[str], olga: Member, settings: Any
) -> None:
    settings.EVALHUB_MAIL = OutgoingMail("a@example.org", "https://example.org", "127.0.0.1:25")
    User.objects.filter(username="olga").update(email="olga@example.org")
    failed = {"state": "failed", "ended_at": timezone.now(), "error": "550 no such mailbox"}
    Letter.objects.create(workspace="acme", to="gone@example.org", subject="Hi", once="1", **failed)
    sign_in(olga)
    page.goto("/profile/")
    page.get_by_label("What comes by e-mail").select_option("daily")
    page.get_by_role("button", name="Choose it").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    check(page, "profile-mail")
    page.goto("/w/acme/notifications/")
    expect(page.get_by_role("rowheader", name="gone@example.org")).to_be_visible()
    check(page, "notifications-mail")
