"""My work: what waits, and what one has done, through the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Assignment, Campaign, Draft, Flag, Task
from evalhub.campaigns.services.claim import claim_next
from evalhub.campaigns.services.flags import answer_flag, raise_flag
from evalhub.campaigns.services.leases import save_draft, skip
from evalhub.judgments.figures import time_per_task
from evalhub.judgments.models import Correction, Judgment, ReturnedJudgment
from tests.factories import (
    AssignmentFactory,
    CompletionFactory,
    ExpertAnswerFactory,
    GuidelinesFactory,
    JudgmentFactory,
    MemberFactory,
    PreferenceFactory,
    TaskFactory,
)

pytestmark = pytest.mark.django_db
WORK = "/w/acme/my-work/"


@pytest.fixture
def bobs(client: Client, bob: Member) -> Client:
    client.force_login(bob.user)
    return client


def read(client: Client, path: str) -> str:
    answer = client.get(WORK + path)
    assert answer.status_code == 200
    return answer.content.decode()


def judged_by(member: Member, campaign: Campaign, text: str = "Why?", **more: object) -> Judgment:
    task = TaskFactory.create(
        campaign=campaign, prompt__messages=[{"role": "user", "content": text}]
    )
    held = AssignmentFactory.create(task=task, member=member, state="submitted")
    return JudgmentFactory.create(task=task, member=member, assignment=held, **more)


def skipped_by(member: Member, campaign: Campaign, *, reason: str = "unclear") -> Assignment:
    TaskFactory.create(campaign=campaign)
    lease = claim_next(campaign=campaign, member_pk=member.pk)
    assert lease is not None
    assignment = Assignment.objects.get(uid=lease.assignment)
    skip(assignment=assignment, token=lease.token, reason=reason, note="What is a sky?")
    assignment.refresh_from_db()
    return assignment


# The home


def test_a_card_says_how_long_a_task_takes_and_what_is_left(
    bobs: Client, bob: Member, campaign: Campaign
) -> None:
    """The median of 30 s, 90 s and 600 s is 90 s, which is 1.5 minutes."""
    for milliseconds in (30_000, 90_000, 600_000):
        judged_by(MemberFactory.create(workspace=bob.workspace), campaign, active_ms=milliseconds)
    Task.objects.update(open_places=0)
    TaskFactory.create_batch(2, campaign=campaign, overlap=3)
    html = read(bobs, "")
    assert "1.5 min" in html
    assert "fewer than 10 judgments" in html
    assert f"/campaigns/{campaign.uid}/judge/" in html


def test_without_a_timed_judgment_there_is_no_figure(bobs: Client, campaign: Campaign) -> None:
    TaskFactory.create(campaign=campaign)
    assert "no figure yet" in read(bobs, "")
    assert time_per_task([campaign.pk]) == {}


def test_only_the_newest_judgments_make_the_time_per_task(bob: Member, campaign: Campaign) -> None:
    task = TaskFactory.create(campaign=campaign)
    JudgmentFactory.create_batch(5, task=task, member=bob, active_ms=900_000)
    JudgmentFactory.create_batch(200, task=task, member=bob, active_ms=1000)
    assert time_per_task([campaign.pk]) == {campaign.pk: 1000}


def test_a_card_warns_and_says_what_is_to_be_accepted(
    bobs: Client, bob: Member, campaign: Campaign
) -> None:
    Campaign.objects.update(content_warning="Some answers are cruel.")
    TaskFactory.create(campaign=campaign)
    version = GuidelinesFactory.create(campaign=campaign)
    html = read(bobs, "")
    assert "Some answers are cruel." in html
    assert "guidelines to accept" in html
    version.acceptances.create(member=bob)
    assert "guidelines to accept" not in read(bobs, "")


def test_my_figures_count_a_revision_once_and_its_time_twice(
    bobs: Client, bob: Member, campaign: Campaign
) -> None:
    first = judged_by(bob, campaign, active_ms=60_000)
    JudgmentFactory.create(task=first.task, member=bob, supersedes=first, active_ms=60_000)
    yesterday = timezone.now() - timedelta(days=1)
    judged_by(bob, campaign, active_ms=120_000, judged_at=yesterday)
    figures = bobs.get(WORK).context["figures"]
    assert (figures.judged_today, figures.judged) == (1, 2)
    assert (figures.time_today, figures.time) == (120_000, 240_000)


# The lists


def test_submitted_is_listed_newest_first_with_both_times(
    bobs: Client, bob: Member, campaign: Campaign
) -> None:
    judged_by(bob, campaign, "The older one", active_ms=90_000, wall_ms=300_000)
    judged_by(bob, campaign, "The newer one")
    judged_by(MemberFactory.create(workspace=bob.workspace), campaign, "Somebody else’s")
    html = read(bobs, "submitted/")
    assert html.index("The newer one") < html.index("The older one")
    assert "1.5 min" in html
    assert "5.0 min" in html
    assert "Somebody else’s" not in html


def test_reopening_is_offered_where_the_campaign_allows_it_and_nothing_supersedes(
    bobs: Client, bob: Member, campaign: Campaign
) -> None:
    first = judged_by(bob, campaign)
    assert f"/judgments/{first.uid}/revise/" in read(bobs, "submitted/")
    JudgmentFactory.create(
        task=first.task, member=bob, supersedes=first, assignment=first.assignment
    )
    assert f"/judgments/{first.uid}/revise/" not in read(bobs, "submitted/")
    Campaign.objects.update(allows_revision=False)
    assert "/revise/" not in read(bobs, "submitted/")


@pytest.mark.parametrize("asked", ["POLAR", 'said "why"', "größe"])
def test_a_list_is_searched_by_the_words_of_the_prompt(
    bobs: Client, bob: Member, campaign: Campaign, asked: str
) -> None:
    judged_by(bob, campaign, 'The polar bear said "why" of its Größe')
    judged_by(bob, campaign, "A user asks")
    answer = bobs.get(f"{WORK}submitted/", {"q": asked})
    assert [line.excerpt[:14] for line in answer.context["lines"]] == ["The polar bear"]


@pytest.mark.parametrize("asked", ["user", "role", "content", "%", "_", "a\x00b"])
def test_a_search_looks_at_what_was_written_only(
    bobs: Client, bob: Member, campaign: Campaign, asked: str
) -> None:
    judged_by(bob, campaign, "Why is the sky blue?")
    answer = bobs.get(f"{WORK}submitted/", {"q": asked})
    assert answer.status_code in (200, 400)
    assert answer.status_code == 400 or answer.context["lines"] == []


def test_a_long_list_goes_on_where_it_stopped_and_keeps_the_search(
    bobs: Client, bob: Member, campaign: Campaign
) -> None:
    for number in range(27):
        judged_by(bob, campaign, f"bear {number:02}")
    first = bobs.get(f"{WORK}submitted/", {"q": "bear"})
    older = first.context["page"].older
    assert f"q=bear&amp;before={older}" in first.content.decode()
    rest = bobs.get(f"{WORK}submitted/", {"q": "bear", "before": str(older)})
    assert [line.excerpt for line in rest.context["lines"]] == ["bear 01", "bear 00"]


def test_drafts_lead_back_to_the_task_and_late_ones_say_so(
    bobs: Client, bob: Member, campaign: Campaign
) -> None:
    held = AssignmentFactory.create(task__campaign=campaign, member=bob)
    save_draft(assignment=held, body={"critique": "half a th"})
    gone = AssignmentFactory.create(task__campaign=campaign, member=bob, state="expired")
    Task.objects.filter(pk=gone.task_id).update(open_places=0)
    save_draft(assignment=gone, body={"critique": "too l"})
    lines = bobs.get(f"{WORK}drafts/").context["lines"]
    assert [(line.task, line.to_open is not None, str(line.badge)) for line in lines] == [
        (gone.task, False, "late"),
        (held.task, True, ""),
    ]
    assert Draft.objects.count() == 2


def test_skipped_says_why(bobs: Client, bob: Member, campaign: Campaign) -> None:
    skipped_by(bob, campaign)
    html = read(bobs, "skipped/")
    assert "I do not understand what is asked" in html
    assert "What is a sky?" in html


def test_returned_shows_the_reason_until_it_is_revised(
    bobs: Client, bob: Member, alice: Member, campaign: Campaign
) -> None:
    judgment = judged_by(bob, campaign)
    ReturnedJudgment.objects.create(judgment=judgment, reason="Read to the end.", returned_by=alice)
    assert "Read to the end." in read(bobs, "returned/")
    assert ">1</span>" in read(bobs, ""), "the tab counts it"
    JudgmentFactory.create(task=judgment.task, member=bob, supersedes=judgment)
    assert "Read to the end." not in read(bobs, "returned/")


def test_questions_show_the_leads_answer(
    bobs: Client, bob: Member, alice: Member, campaign: Campaign
) -> None:
    held = AssignmentFactory.create(task__campaign=campaign, member=bob)
    flag = raise_flag(assignment=held, kind="question", text="Is sarcasm rude?", by=bob)
    assert "Is sarcasm rude?" in read(bobs, "questions/")
    answer_flag(flag=flag, answer="Only at somebody.", by=alice)
    assert "Only at somebody." in read(bobs, "questions/")
    assert Flag.objects.get().answered_by == alice


# Taking a skipped task back


def take_back(client: Client, assignment: Assignment) -> str:
    answer = client.post(f"{WORK}skipped/{assignment.uid}/take-back/", follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_skipped_task_is_taken_back_and_shown(
    bobs: Client, bob: Member, campaign: Campaign
) -> None:
    assignment = skipped_by(bob, campaign)
    html = take_back(bobs, assignment)
    assert assignment.task.prompt.last_turn in html
    before = assignment.token
    assignment.refresh_from_db()
    assert (assignment.state, assignment.token) == ("held", before + 1)
    assert (assignment.skip_reason, assignment.ended_at) == ("", None)
    assert Task.objects.get().open_places == 0
    take_back(bobs, assignment)
    assert Task.objects.get().open_places == 0, "a second click takes no second place"


def test_nothing_is_taken_back_from_others_or_beyond_the_hand(
    bobs: Client, bob: Member, campaign: Campaign
) -> None:
    assignment = skipped_by(bob, campaign)
    Task.objects.update(open_places=0)
    assert "Others have judged this task meanwhile" in take_back(bobs, assignment)
    Task.objects.update(open_places=1)
    AssignmentFactory.create_batch(2, task__campaign=campaign, member=bob)
    assert "You hold as many tasks" in take_back(bobs, assignment)
    Campaign.objects.update(state="closed")
    assert "is closed" in take_back(bobs, assignment)
    assignment.refresh_from_db()
    assert assignment.state == "skipped"


def test_another_persons_skipped_task_is_absent(
    bobs: Client, bob: Member, campaign: Campaign
) -> None:
    theirs = skipped_by(MemberFactory.create(workspace=bob.workspace), campaign)
    assert bobs.post(f"{WORK}skipped/{theirs.uid}/take-back/").status_code == 404


def lived_in(bob: Member, campaign: Campaign, lead: Member) -> None:
    """One more row in each of bob's lists, gold and a correction among them."""
    judgment = judged_by(bob, campaign, active_ms=1000)
    ReturnedJudgment.objects.create(judgment=judgment, reason="Read on.", returned_by=lead)
    Correction.objects.create(
        judgment=judgment, completion=judgment.task.completions.first(), content="Better."
    )
    CompletionFactory.create(prompt=judgment.task.prompt, content="Better.")
    gold = judged_by(bob, campaign)
    PreferenceFactory.create(judgment=gold)
    Task.objects.filter(pk=gold.task_id).update(kind="gold")
    ExpertAnswerFactory.create(task=gold.task)
    for state in ("held", "skipped"):
        held = AssignmentFactory.create(task__campaign=campaign, member=bob, state=state)
        save_draft(assignment=held, body={})
    raise_flag(assignment=held, kind="question", text="Why?", by=bob)


def test_more_rows_take_no_more_queries(
    bobs: Client, bob: Member, alice: Member, campaign: Campaign
) -> None:
    states = ["drafts", "submitted", "skipped", "returned", "questions"]
    paths = ["", *(f"{state}/" for state in states), "calibration/", "corrections/"]

    def counted() -> dict[str, int]:
        found = {}
        for path in paths:
            bobs.get(WORK + path)
            with CaptureQueriesContext(connection) as queries:
                bobs.get(WORK + path)
            found[path] = len(queries)
        return found

    lived_in(bob, campaign, alice)
    before = counted()
    for _ in range(5):
        lived_in(bob, campaign, alice)
    assert counted() == before


def test_leads_have_no_work_of_their_own_here(client: Client, alice: Member) -> None:
    client.force_login(alice.user)
    for path in ("", "drafts/", "submitted/", "skipped/", "returned/", "questions/"):
        assert client.get(WORK + path).status_code == 403


def test_an_opt_out_is_not_counted_as_a_skip(
    client: Client, bob: Member, alice: Member, campaign: Campaign
) -> None:
    skipped_by(bob, campaign, reason="opt_out")
    client.force_login(alice.user)
    people = client.get(f"/w/acme/campaigns/{campaign.uid}/pace/").context["people"]
    assert [person.hand.skipped for person in people] == [0]
