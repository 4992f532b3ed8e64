"""alice makes a judge, sees how far it agrees with people, and relies on it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.jobs.jobs import execute
from evalhub.judges.models import Judging
from tests import factories as make
from tests.browser.desk import look, start_session
from tests.evalhub.judges.scenes import a_campaign, preferred, replying
from tests.evalhub.judges.test_trust import says_as_people

pytestmark = pytest.mark.browser


def test_alice_makes_a_judge_and_relies_on_it_once_it_agrees_with_people(
    page: Page, base_url: str, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = a_campaign(alice, tasks=20)
    people = [make.MemberFactory.create(workspace=alice.workspace) for _ in range(2)]
    for nth, task in enumerate(campaign.tasks.order_by("pk")):
        for member in people:
            preferred(task, member, -1 if nth % 5 == 0 else 1)
    make.EndpointFactory.create(model__workspace=alice.workspace, model__name="far")
    start_session(page, alice, base_url)
    page.goto("/w/acme/judges/")
    look(page, "judges-none")
    page.get_by_role("main").get_by_role("link", name="New judge").first.click()
    page.get_by_label("Name").fill("The judge")
    page.get_by_label("Model").select_option(label="far")
    page.get_by_label("Rubric").select_option(index=1)
    look(page, "judge-new")
    page.get_by_role("button", name="Make the judge").click()

    page.get_by_role("link", name="Change what it is told").click()
    look(page, "judge-prompt")
    page.go_back()
    page.get_by_role("link", name="Let it judge").click()
    page.get_by_label("Campaign").select_option(index=1)
    look(page, "judge-judging")
    page.get_by_label("Tasks at most").press("Enter")  # by the keyboard alone
    expect(page.get_by_text("queued")).to_be_visible()

    replying(monkeypatch, says_as_people)
    execute(Judging.objects.get().run.job.uid)
    expect(page.get_by_text("succeeded")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Accept it by this bar").click()
    expect(page.get_by_text("20 judged by both, of 50 that are asked")).to_be_visible()
    page.get_by_label("Judged by both at least").fill("20")
    page.get_by_role("button", name="Accept it by this bar").click()
    expect(page.get_by_text("relied on", exact=True)).to_be_visible()
    expect(page.get_by_label("Judged by both at least")).to_have_value("20")
    look(page, "judge")
