"""The pages round the desk: My work, a look back, practice, and what leads prepare for it."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.campaigns.services.flags import answer_flag
from evalhub.campaigns.services.leases import save_draft
from evalhub.judgments.models import Correction, Judgment, Span
from evalhub.rubrics.services import default_rubric
from tests import factories as make
from tests.browser.conftest import (
    DESKTOP,
    PHONE,
    axe_findings,
    scrolls_sideways,
    session_of,
)
from tests.browser.desk import is_ready

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's own
]
QUESTIONS = (
    "My parcel says delivered but I never got it. What can I do?",
    "Can I change the address of an order that was already packed?",
    "متى تصل الطرود إلى بلدي؟",
    "Welche Frist gilt für die Rückgabe von Schuhen, die ich einmal getragen habe?",
)
GOOD = "Ask the neighbours first, then **open a case** with the carrier within 14 days.\n\n1. Note the number.\n2. Write to us."
POOR = "It was delivered, so there is nothing that we can do about it."


def judged(campaign: Campaign, member: Member, text: str, **more: Any) -> Judgment:
    task = task_of(campaign, text)
    held = make.AssignmentFactory.create(task=task, member=member, state="submitted")
    judgment = make.JudgmentFactory.create(
        task=task, member=member, assignment=held, active_ms=83_000, wall_ms=140_000, **more
    )
    make.PreferenceFactory.create(judgment=judgment)
    return judgment


def task_of(campaign: Campaign, text: str, **more: Any) -> Task:
    task = make.TaskFactory.create(
        campaign=campaign,
        prompt__messages=[{"role": "user", "content": text}],
        completions=[],
        **more,
    )
    for place, content in enumerate((GOOD, POOR)):
        completion = make.CompletionFactory.create(prompt=task.prompt, content=content)
        task.placed.create(completion=completion, place=place)
    return task


@pytest.fixture
def campaign(bob: Member, alice: Member) -> Campaign:
    """Everything that bob can have in his lists, and what a lead prepares."""
    workspace = bob.workspace
    campaign = make.CampaignFactory.create(
        workspace=workspace,
        title="Support answers, round 2",
        rubric_version=default_rubric(workspace=workspace),
        asks=["correction", "critique", "spans"],
        content_warning="Some customers swear.",
    )
    first = judged(campaign, bob, QUESTIONS[0], critique="A says what to do next.")
    completion = first.task.completions.order_by("pk").last()
    Span.objects.create(
        judgment=first, completion=completion, start=0, end=16,
        error_type="unsupported-statement", severity="major", note="The customer says otherwise.",
    )  # fmt: skip
    Correction.objects.create(judgment=first, completion=completion, content=GOOD)
    make.CompletionFactory.create(prompt=first.task.prompt, content=f"{GOOD} Soon.")
    returned = judged(campaign, bob, QUESTIONS[1])
    make.ReturnedJudgmentFactory.create(
        judgment=returned, reason="B is cut off after two lines. Please read its end.",
        returned_by=alice,
    )  # fmt: skip
    gold = judged(campaign, bob, QUESTIONS[3])
    Task.objects.filter(pk=gold.task_id).update(kind="gold")
    make.ExpertAnswerFactory.create(task=gold.task, written_by=alice)
    practice = task_of(campaign, QUESTIONS[1], kind="practice", overlap=0, open_places=0)
    make.ExpertAnswerFactory.create(task=practice, written_by=alice)
    for state, text in (("held", QUESTIONS[2]), ("skipped", QUESTIONS[0])):
        held = make.AssignmentFactory.create(
            task=task_of(campaign, text), member=bob, state=state,
            **({"skip_reason": "opt_out"} if state == "skipped" else {}),
        )  # fmt: skip
        save_draft(assignment=held, body={"critique": "half a th"})
        make.FlagFactory.create(task=held.task, member=bob, text="Is swearing always rude?")
    answer_flag(
        flag=make.FlagFactory.create(task=first.task, member=bob),
        answer="Only when it is aimed at somebody.",
        by=alice,
    )
    make.GuidelinesFactory.create(campaign=campaign)
    quiet = make.CampaignFactory.create(workspace=workspace, title="Titles", type="label")
    assert quiet.pk
    return campaign


def enter(page: Page, member: Member, base_url: str) -> None:
    page.context.add_cookies([session_of(member, base_url)])  # type: ignore[list-item]


def check(page: Page, path: str, name: str) -> None:
    """Wide and light, narrow and dark, on one visit."""
    page.goto(path)
    for size, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        where = f"{name} {size['width']} {scheme}"
        assert page.locator("h1").count() == 1, where
        if folder := os.environ.get("EVALHUB_SHOTS"):
            page.screenshot(path=f"{folder}/{name}-{size['width']}-{scheme}.png", full_page=True)
        assert not scrolls_sideways(page), where
        assert axe_findings(page, colours=size == DESKTOP) == [], where


@pytest.mark.usefixtures("quiet")
def test_every_page_of_my_work_is_quiet_and_accessible(
    page: Page, bob: Member, base_url: str, campaign: Campaign
) -> None:
    enter(page, bob, base_url)
    pages = ["", "drafts/", "submitted/", "skipped/", "returned/", "questions/"]
    pages += ["calibration/", "corrections/", "keys/"]
    for path in pages:
        check(page, f"/w/acme/my-work/{path}", f"my-work-{path.strip('/') or 'home'}")


@pytest.mark.usefixtures("quiet")
def test_a_look_back_and_practice_are_quiet_and_accessible(
    page: Page, bob: Member, alice: Member, base_url: str, campaign: Campaign
) -> None:
    enter(page, bob, base_url)
    gold = Judgment.objects.get(task__kind="gold")
    for nth, judgment in enumerate((Judgment.objects.order_by("pk").first(), gold)):
        assert judgment is not None
        check(page, f"/w/acme/judgments/{judgment.uid}/", f"look-{nth}")
        lit = page.evaluate("[...CSS.highlights.get('judge-mark')].map(String)")
        assert lit == (["It was delivered"] if nth == 0 else [])
        answer = page.locator(".response .rendered").first
        assert answer.evaluate("one => getComputedStyle(one).filter") != "none"
        page.get_by_label("Show what is blurred").check()
        assert answer.evaluate("one => getComputedStyle(one).filter") == "none"
        if folder := os.environ.get("EVALHUB_SHOTS"):
            page.screenshot(path=f"{folder}/look-{nth}-revealed.png", full_page=True)
    check(page, f"/w/acme/my-work/judgments/{gold.uid}/revise/", "revise")
    check(page, f"/w/acme/campaigns/{campaign.uid}/practice/", "practice")
    check(page, f"/w/acme/campaigns/{campaign.uid}/practice/?n=2", "practice-over")
    check(page, f"/w/acme/campaigns/{campaign.uid}/guidelines/", "guidelines")
    page.context.clear_cookies()
    enter(page, alice, base_url)
    check(page, f"/w/acme/judgments/{gold.uid}/", "look-lead")


@pytest.mark.usefixtures("quiet")
def test_what_leads_prepare_is_quiet_and_accessible(
    page: Page, alice: Member, base_url: str, campaign: Campaign
) -> None:
    enter(page, alice, base_url)
    draft = make.CriterionFactory.create(
        version__rubric__workspace=alice.workspace, version__published_at=None
    )
    of = f"/w/acme/campaigns/{campaign.uid}/"
    version = draft.version
    pages = {
        "campaign": of,
        "expert": f"{of}expert/",
        "expert-add": f"{of}expert/add/",
        "guidelines-edit": f"{of}guidelines/edit/",
        "flags": "/w/acme/flags/",
        "flags-answered": "/w/acme/flags/?show=answered",
        "campaign-new": "/w/acme/campaigns/new/",
        "rubric": f"/w/acme/rubrics/versions/{campaign.rubric_version.uid}/",
        "rubric-edit": f"/w/acme/rubrics/versions/{version.uid}/edit/",
        "criterion": f"/w/acme/rubrics/criteria/{draft.uid}/edit/",
    }
    for name, path in pages.items():
        check(page, path, name)


@pytest.mark.usefixtures("quiet")
def test_bob_practises_by_keyboard_and_reads_why(
    page: Page, bob: Member, base_url: str, campaign: Campaign
) -> None:
    enter(page, bob, base_url)
    page.set_viewport_size(DESKTOP)
    page.goto("/w/acme/my-work/")
    page.get_by_role("link", name=re.compile("^Practice")).click()
    is_ready(page)
    page.keyboard.press("4")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Beside the expert’s answer")).to_be_visible()
    expect(page.get_by_text("invents")).to_be_visible()
    if folder := os.environ.get("EVALHUB_SHOTS"):
        page.screenshot(path=f"{folder}/practice-result-1440-light.png", full_page=True)
    assert axe_findings(page) == []
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")  # no colour half way to dark
    if folder:
        page.screenshot(path=f"{folder}/practice-result-390-dark.png", full_page=True)
    assert axe_findings(page) == []
    assert not scrolls_sideways(page)


@pytest.mark.usefixtures("quiet")
def test_bob_reopens_what_he_submitted(
    page: Page, bob: Member, base_url: str, campaign: Campaign
) -> None:
    enter(page, bob, base_url)
    page.set_viewport_size(DESKTOP)
    page.goto("/w/acme/my-work/returned/")
    page.get_by_role("link", name="Reopen").first.click()
    is_ready(page)
    page.keyboard.press("3")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Your revision counts now")).to_be_visible()
    assert Judgment.objects.filter(supersedes__isnull=False).count() == 1
    page.goto("/w/acme/my-work/returned/")
    expect(page.get_by_text("Nothing here")).to_be_visible()


@pytest.mark.usefixtures("quiet")
def test_alice_answers_a_task_as_an_expert(
    page: Page, alice: Member, base_url: str, campaign: Campaign
) -> None:
    enter(page, alice, base_url)
    page.set_viewport_size(DESKTOP)
    page.goto(f"/w/acme/campaigns/{campaign.uid}/expert/add/")
    page.get_by_label("gold").check()
    page.get_by_label("Why this is the answer").fill("B gives up too soon.")
    page.locator("input[name=preference][value=A2]").check(force=True)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Your answer is kept.")).to_be_visible()
    expect(page.get_by_text("B gives up too soon.")).to_be_visible()
