"""The report on bias with its charts, under the policy that browsers really get."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.jobs.jobs import execute
from evalhub.jobs.models import Job
from evalhub.quality.settling import settle
from evalhub.reports.paper import bias_file
from tests import factories as make
from tests.browser.conftest import session_of
from tests.browser.desk import campaign_of, look, start_session
from tests.browser.pdf import printed

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("quiet")
def test_charts_are_drawn_and_nothing_is_refused(
    browser: Browser, page: Page, base_url: str, alice: Member, bob: Member
) -> None:
    campaign = campaign_of(bob, "comparison", 12)
    models = [
        make.GenerationFactory.create(workspace=bob.workspace, model__name=name)
        for name in ("gemma", "llama", "qwen")
    ]
    other = make.MemberFactory.create(workspace=bob.workspace, pseudonym="dab")
    for nth, task in enumerate(campaign.tasks.all()):
        for shown in task.placed.all():
            shown.completion.generation = models[(nth + shown.place) % 3]
            shown.completion.content += " And so on." * (nth % 4) * shown.place
            shown.completion.save()
        task.prompt.slices = {"language": "de" if nth % 2 else "en"}
        task.prompt.save()
        for person, margin in ((bob, 1 if nth % 3 else -1), (other, 1 if nth % 4 else -1)):
            held = make.AssignmentFactory.create(task=task, member=person, state="submitted")
            judgment = make.JudgmentFactory.create(
                task=task,
                member=person,
                assignment=held,
                judged_at=timezone.now() - timedelta(days=nth),
            )
            make.PreferenceFactory.create(judgment=judgment, margin=margin)
    start_session(page, alice, base_url)
    page.goto(f"/w/acme/campaigns/{campaign.uid}/bias/")
    look(page, "bias_before")
    page.get_by_role("button", name="Compute all reports").click()
    expect(page.get_by_role("button", name="Compute all reports")).to_be_hidden()
    [job] = Job.objects.all()
    execute(job.uid)
    context = browser.new_context(base_url=base_url, bypass_csp=False)
    context.add_cookies([session_of(alice, base_url)])
    strict, refused = context.new_page(), []
    strict.on("console", lambda line: refused.append(line.text) if line.type == "error" else None)
    strict.goto(f"/w/acme/campaigns/{campaign.uid}/leaderboard/")
    expect(strict.get_by_role("img", name="overall: drawn from the table")).to_be_visible()
    strict.get_by_text("One against one").click()
    expect(strict.locator(".heatmaplayer").first).to_be_visible()
    strict.goto(f"/w/acme/campaigns/{campaign.uid}/bias/")
    expect(strict.locator("figure.plot .errorbars").first).to_be_visible()
    assert refused == []
    context.close()
    page.goto(f"/w/acme/campaigns/{campaign.uid}/bias/")
    expect(page.locator("figure.plot .errorbars").first).to_be_visible()
    look(page, "bias")
    length = page.get_by_role("region", name="Length", exact=True)
    told = length.get_by_role("link").first.inner_text()
    length.get_by_role("link").first.click()
    expect(page.get_by_label("Preferred")).to_have_value("longer")
    expect(page.locator("tbody tr")).to_have_count(int(told))
    look(page, "browse_longer")
    page.goto(f"/w/acme/campaigns/{campaign.uid}/leaderboard/")
    page.get_by_text("One against one").click()
    expect(page.locator(".heatmaplayer").first).to_be_visible()
    look(page, "leaderboard")
    page.get_by_text("How well people tell models apart").click()
    expect(page.get_by_role("region", name="People, overall")).to_be_visible()
    page.get_by_text("If everybody counted the same", exact=True).click()
    look(page, "leaderboard_people")
    for kind in ("reliability", "consistency"):
        page.goto(f"/w/acme/campaigns/{campaign.uid}/{kind}/")
        expect(page.locator("figure.plot .errorbars").first).to_be_visible()
        look(page, kind)
    settle(campaign)
    page.goto(f"/w/acme/campaigns/{campaign.uid}/consensus/?question=overall")
    expect(page.locator("tbody tr")).to_have_count(12)
    look(page, "consensus")
    page.locator("tbody th a").first.click()
    expect(page.get_by_role("table", name="What they say together")).to_be_visible()
    look(page, "consensus_of_a_task")
    _prints_with_its_charts(page, campaign)


def _prints_with_its_charts(page: Page, campaign: Campaign) -> None:
    """The file, as paper: its words, and the dots of its intervals."""
    report = campaign.reports.get(kind="bias")
    page.set_content(bias_file("Paper", report.body, made_at=timezone.now()))
    expect(page.locator("figure svg.chart").first).to_be_visible()
    assert page.locator("script").count() == 0
    look(page, "bias_on_paper")
    whole = printed(page.pdf())
    assert whole.pages > 0
    for words in ("Bias:Paper", "Bymodel,asregistered", "gemma", "llama"):
        assert words in whole.text
    page.locator("svg.chart").evaluate_all("all => all.forEach((each) => each.remove())")
    assert printed(page.pdf()).curves < whole.curves


@pytest.mark.usefixtures("quiet")
def test_the_spread_of_answers_and_what_gold_says_of_the_consensus(
    page: Page, base_url: str, alice: Member, bob: Member
) -> None:
    campaign = campaign_of(bob, "rating", 12)
    criterion = make.CriterionFactory.create(
        version=campaign.rubric_version, slug="clear", kind="yes_no", low=0, high=1
    )
    people = [bob, *(make.MemberFactory.create(workspace=bob.workspace) for _ in range(2))]
    for nth, task in enumerate(campaign.tasks.all()):
        completion = task.completions.get()
        for at, person in enumerate(people):
            held = make.AssignmentFactory.create(task=task, member=person, state="submitted")
            judgment = make.JudgmentFactory.create(task=task, member=person, assignment=held)
            value = int((nth + at * (nth % 3 == 0)) % 2)
            make.RatingFactory.create(
                judgment=judgment, completion=completion, criterion=criterion, value=value
            )
        said = {"ratings": [{"response": "A", "criterion": "clear", "value": nth % 2}]}
        make.ExpertAnswerFactory.create(task=task, answers=said)
    campaign.tasks.update(kind="gold")
    start_session(page, alice, base_url)
    for kind in ("agreement", "reliability"):
        page.goto(f"/w/acme/campaigns/{campaign.uid}/{kind}/")
        page.get_by_role("button", name="Compute", exact=False).first.click()
        execute(Job.objects.latest("pk").uid)
        page.goto(f"/w/acme/campaigns/{campaign.uid}/{kind}/")
        if kind == "agreement":
            page.get_by_text("How often each answer was given").click()
            page.get_by_text("Two by two").click()
            expect(page.get_by_role("region", name="Answers given, clear")).to_be_visible()
        else:
            expect(page.get_by_text("Right by gold", exact=True)).to_be_visible()
        look(page, f"{kind}_figures")
