"""People without an account: a guest judges and gets the code, a client sees figures; and pay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Member
from evalhub.campaigns.services.guidelines import set_guidelines
from evalhub.judgments.models import Judgment
from evalhub.links.models import Participant
from evalhub.links.services.making import make_report_link
from tests.browser.conftest import PHONE, SignIn
from tests.browser.desk import campaign_of, is_ready, look
from tests.browser.hand import judge, shown
from tests.factories import AssignmentFactory, JudgmentFactory, PayRateFactory

pytestmark = pytest.mark.browser


def test_a_guest_agrees_judges_two_tasks_and_gets_the_code(
    page: Page,
    sign_in: SignIn,
    quiet: list[str],
    live_server: LiveServer,
    alice: Member,
    bob: Member,
) -> None:
    campaign = campaign_of(bob, "comparison", 3)
    set_guidelines(campaign=campaign, content="Be **kind**.", consent="I am of age.", by=alice)
    sign_in(alice)
    page.goto(f"/w/acme/campaigns/{campaign.uid}/join-links/")
    page.get_by_label("What it is for").fill("wave 1")
    page.get_by_label("Tasks for each person").fill("2")
    page.get_by_label("Most people").fill("50")
    page.get_by_label("Completion code").fill("C0DE-42")
    page.get_by_role("button", name="Make a link").click()
    address = page.locator(".secret").inner_text()
    look(page, "join-links")
    page.context.clear_cookies()

    page.goto(address.replace("{{%PROLIFIC_PID%}}", "5f3a"))
    expect(page.get_by_text("I am of age.")).to_be_visible()
    look(page, "join")
    page.set_viewport_size(PHONE)
    page.get_by_label("I agree.").check()
    page.get_by_role("button", name="Begin").click()
    is_ready(page)
    expect(page.get_by_role("button", name="Menu")).to_have_count(0)
    for task in (0, 1):
        shown(page, task)
        judge(page, "1")
    page.get_by_role("link", name="Finish").click()
    expect(page.get_by_text("C0DE-42", exact=True)).to_be_visible()
    back = page.get_by_role("link", name="Back to Prolific")
    assert back.get_attribute("href") == "https://app.prolific.com/submissions/complete?cc=C0DE-42"
    look(page, "joined")
    guest = Participant.objects.get(external_id="5f3a")
    assert Judgment.objects.filter(member=guest.member).count() == 2

    page.context.clear_cookies()
    sign_in(alice)
    page.goto(f"/w/acme/join-links/{guest.link.uid}/")
    expect(page.get_by_role("row", name="5f3a")).to_contain_text("2")
    look(page, "join-link")


def test_a_client_looks_at_the_report(
    page: Page, quiet: list[str], live_server: LiveServer, alice: Member, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 3, opened_at=timezone.now() - timedelta(hours=5))
    for task in campaign.tasks.all()[:2]:
        held = AssignmentFactory.create(task=task, member=bob, state="submitted")
        JudgmentFactory.create(task=task, member=bob, assignment=held, active_ms=40_000)
        campaign.tasks.filter(pk=task.pk).update(open_places=0, judged=1)
    secret = make_report_link(campaign=campaign, name="client", by=alice).secret
    page.goto(f"/report/{secret}/")
    expect(page.get_by_text("2 of 3 judgments are in.")).to_be_visible()
    look(page, "report")


def test_olga_closes_a_pay_run_and_alice_sets_limits(
    page: Page, sign_in: SignIn, quiet: list[str], olga: Member, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 3)
    sign_in(olga)
    page.goto(f"/w/acme/campaigns/{campaign.uid}/pay/")
    page.get_by_label("Amount").fill("0.25")
    page.get_by_role("button", name="Set the rate").click()
    expect(page.get_by_text("The rate is set.")).to_be_visible()
    look(page, "pay-rates")
    PayRateFactory.create(campaign=campaign, since=timezone.now() - timedelta(days=90))
    when = timezone.now() - timedelta(days=40)
    for task in campaign.tasks.all():
        held = AssignmentFactory.create(task=task, member=bob, state="submitted")
        JudgmentFactory.create(
            task=task,
            member=bob,
            assignment=held,
            active_ms=40_000,
            judged_at=when,
            created_at=when,
        )
    page.get_by_role("link", name="Payroll").first.click()
    page.get_by_label("From").fill("2020-01-01")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row", name="bob").first).to_contain_text("0.75 EUR")
    look(page, "pay")
    page.get_by_role("button", name="Close the pay run").click()
    expect(page.get_by_text("The pay run is closed; it stays as it is.")).to_be_visible()
    look(page, "pay-run")
    page.goto("/w/acme/limits/")
    look(page, "limits")
    page.get_by_role("link", name="Set limits bob").click()
    page.get_by_label("Most tasks a day").fill("40")
    look(page, "limits-edit")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="bob")).to_contain_text("40")
    page.goto(f"/w/acme/campaigns/{campaign.uid}/report-links/")
    look(page, "report-links")
