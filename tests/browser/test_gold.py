"""Gold as people and leads see it: every page wide and light, narrow and dark."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.gold.jobs.verdicts import judge_gold
from evalhub.gold.models import Appeal, Draw, GoldVerdict
from evalhub.gold.services.qualifications import set_qualification, start_attempt
from evalhub.jobs.jobs import execute
from evalhub.judgments.models import Judgment
from evalhub.reports.choices import ReportKind
from evalhub.reports.services import start_report
from tests import factories as make
from tests.browser.desk import campaign_of, look, start_session

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]


@pytest.fixture
def campaign(bob: Member, alice: Member) -> Campaign:
    """Bob passed one gold and failed one, and said twice the same of a task."""
    campaign = campaign_of(bob, "comparison", 4)
    tasks = list(campaign.tasks.order_by("pk"))
    for nth, task in enumerate(tasks):
        judgment = said(task, bob)
        if nth < 2:
            task.kind = "gold"
            task.save(update_fields=["kind"])
            answers = {"preferences": [{"criterion": None, "choice": "AB"[nth], "strength": 1}]}
            make.ExpertAnswerFactory.create(task=task, answers=answers, written_by=alice)
            judge_gold(judgment=judgment.uid)
    first = Judgment.objects.get(task=tasks[2])
    Draw.objects.create(judgment=first, kind="repeat", task=tasks[3])
    return campaign


def said(task: object, bob: Member) -> Judgment:
    held = make.AssignmentFactory.create(task=task, member=bob, state="submitted")
    before = timezone.now() - timedelta(minutes=5)
    judgment = make.JudgmentFactory.create(
        task=task, member=bob, assignment=held, active_ms=400, created_at=before, judged_at=before
    )
    placed = list(held.task.completions.order_by("placed__place"))
    make.PreferenceFactory.create(judgment=judgment, first=placed[0], second=placed[1], margin=1)
    held.task.judged = 1
    held.task.open_places = 0
    held.task.save(update_fields=["judged", "open_places"])
    return judgment


@pytest.mark.usefixtures("quiet")
def test_a_failed_gold_is_appealed_decided_and_read(
    page: Page, bob: Member, alice: Member, base_url: str, campaign: Campaign
) -> None:
    start_session(page, bob, base_url)
    page.goto("/w/acme/my-work/calibration/")
    look(page, "calibration")
    page.get_by_role("link", name="Appeal").click()
    look(page, "appeal-new")
    page.get_by_label("What is wrong with it?").fill("Both invent the date.")
    page.get_by_role("button", name="Appeal").click()
    expect(page.get_by_text("You have appealed")).to_be_visible()
    set_qualification(campaign=campaign, word="optics", pass_mark=80, retry_days=7, by=alice)
    page.goto("/w/acme/my-work/qualifications/")
    look(page, "qualifications")
    failed = make.AttemptTaskFactory.create(
        attempt__member=bob, attempt__qualification__campaign__workspace=bob.workspace
    )
    page.goto(f"/w/acme/my-work/attempts/{failed.attempt.uid}/")
    look(page, "attempt")
    page.context.clear_cookies()
    start_session(page, alice, base_url)
    verdict = GoldVerdict.objects.get(passed=False)
    start_attempt(qualification=campaign.qualification, by=bob)
    report = start_report(campaign=campaign, kind=ReportKind.CONSISTENCY, by=alice)
    execute(report.job.uid)
    of = f"/w/acme/campaigns/{campaign.uid}"
    pages = {
        "gold": f"{of}/gold/",
        "gold-detail": f"/w/acme/gold/{verdict.task.expert_answer.uid}/",
        "qualification": f"{of}/qualification/",
        "consistency": f"{of}/consistency/",
        "appeals": "/w/acme/appeals/",
    }
    for name, path in pages.items():
        page.goto(path)
        look(page, name)
    page.locator("main").get_by_role("link", name="Why").first.click()
    look(page, "appeal")
    page.get_by_role("button", name="Uphold").click()
    expect(page.get_by_text("Decided; whoever appealed is told.")).to_be_visible()
    assert Appeal.objects.get().state == "upheld"
