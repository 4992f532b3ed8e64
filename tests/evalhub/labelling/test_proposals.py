from __future__ import annotations

from uuid import uuid4

import pytest

from evalhub.audit.models import Entry
from evalhub.campaigns.errors import CampaignNotOpen, NotEligible, ShareReached, UnfitTask
from evalhub.campaigns.models import Assignment, Task
from evalhub.campaigns.services.claim import claim_next
from evalhub.campaigns.services.lending import lend_chosen
from evalhub.common.errors import Conflict
from evalhub.judgments.body import RatingGiven, ReviseBody
from evalhub.judgments.errors import InvalidJudgment
from evalhub.judgments.models import Judgment
from evalhub.judgments.services.revise import revise_judgment
from evalhub.labelling.errors import UnfitLabelling
from evalhub.labelling.models import Decision
from evalhub.labelling.queries import proposals_after, undecided
from evalhub.labelling.services.proposals import confirm_proposals, decide, reject_proposals
from evalhub.reports.agreement import agreement_report
from evalhub.reports.read import Read
from tests.evalhub.labelling.conftest import OTHER, REFUND, labelled, said
from tests.factories import CriterionFactory, MemberFactory, TaskFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(campaign, criterion, tasks, functions, alice):
    return labelled(campaign, criterion, alice)


def test_confirming_is_a_judgment_of_ones_own(run, tasks, criterion, alice):
    done = confirm_proposals(run=run, tasks=[tasks[1].uid, tasks[2].uid], by=alice)

    assert done == (2, 0)
    judgment = Judgment.objects.get(task=tasks[1])
    assert (judgment.member, judgment.source) == (alice, "human")
    assert judgment.saw_proposal
    assert judgment.ratings.get().value == REFUND
    assert Judgment.objects.get(task=tasks[2]).ratings.get().value == OTHER
    task = Task.objects.get(pk=tasks[1].pk)
    assert (task.judged, task.open_places, task.overlap) == (1, 1, 2)  # one place of two
    assert Assignment.objects.get(task=task).state == "submitted"
    assert Decision.objects.get(task=task).judgment == judgment
    assert Entry.objects.filter(verb="proposal.confirmed", actor="alice").count() == 2


def test_a_revision_of_what_was_confirmed_has_seen_the_proposal_too(run, tasks, alice):
    confirm_proposals(run=run, tasks=[tasks[1].uid], by=alice)
    rating = RatingGiven(response=None, criterion="topic", value=OTHER)
    body = ReviseBody(submission_id=uuid4(), ratings=[rating])
    revised = revise_judgment(judgment=Judgment.objects.get(), body=body, by=alice)
    assert revised.saw_proposal


def test_what_is_decided_judged_or_gone_is_proposed_no_more(run, tasks, campaign, alice, bob):
    confirm_proposals(run=run, tasks=[tasks[1].uid], by=alice)
    reject_proposals(run=run, tasks=[tasks[2].uid], by=alice)
    Task.objects.filter(pk=tasks[3].pk).update(open_places=0)
    left = {each.task_id for each in undecided(run, alice)}
    assert left == {tasks[0].pk, tasks[4].pk} & left
    assert tasks[0].pk in left
    assert confirm_proposals(run=run, tasks=[tasks[1].uid, tasks[3].uid], by=alice) == (0, 2)

    again = labelled(campaign, run.criterion, alice)  # a new run does not propose it again
    assert {tasks[1].pk, tasks[2].pk}.isdisjoint(each.task_id for each in undecided(again, bob))


def test_a_rejected_proposal_leaves_the_task_to_people(run, tasks, alice, bob, campaign):
    assert reject_proposals(run=run, tasks=[tasks[1].uid], by=alice) == (1, 0)
    assert not Judgment.objects.exists()
    assert Decision.objects.get().judgment is None
    assert Task.objects.get(pk=tasks[1].pk).open_places == 2
    assert claim_next(campaign=campaign, member_pk=bob.pk) is not None


def test_of_two_leads_at_once_the_second_changes_nothing(run, tasks, alice, bob):
    """Both have read the list; the first has confirmed since."""
    seen = run.proposals.select_related("task__campaign__workspace").get(task=tasks[1])
    confirm_proposals(run=run, tasks=[tasks[1].uid], by=alice)
    with pytest.raises(Conflict, match="meanwhile"):
        decide(run, seen, bob, judgment=None)
    assert Decision.objects.get().decided_by == alice


def test_the_surest_come_first_and_pages_follow_each_other(run, alice, monkeypatch):
    monkeypatch.setattr("evalhub.labelling.queries.PAGE", 2)
    rows, after = [], ""
    while True:
        page = proposals_after(run, alice, after=after)
        rows += page.rows
        if page.following is None:
            break
        after = str(page.following)
    assert len(rows) == run.proposals.count()
    chances = [each.probability for each in rows]
    assert chances == sorted(chances, reverse=True)
    assert {each.value for each in proposals_after(run, alice, value=OTHER).rows} == {OTHER}
    assert proposals_after(run, alice, after="nonsense").rows[0] == rows[0]


def test_a_rubric_that_asks_for_more_takes_no_confirmation(run, tasks, campaign, alice):
    CriterionFactory.create(version=campaign.rubric_version, slug="tone")
    with pytest.raises(InvalidJudgment):
        confirm_proposals(run=run, tasks=[tasks[1].uid], by=alice)
    assert not Decision.objects.exists()
    assert Task.objects.get(pk=tasks[1].pk).open_places == 2  # all of it undone


def test_a_campaign_that_is_not_open_takes_none(run, tasks, campaign, alice):
    campaign.state = "paused"
    campaign.save()
    with pytest.raises(CampaignNotOpen):
        confirm_proposals(run=run, tasks=[tasks[1].uid], by=alice)


def test_whoever_confirms_must_be_eligible_and_within_their_share(run, tasks, campaign, alice):
    campaign.max_share = 1
    campaign.save()
    with pytest.raises(ShareReached):
        confirm_proposals(run=run, tasks=[task.uid for task in tasks[:5]], by=alice)
    assert Judgment.objects.count() == 1  # 1 % of 12, rounded up
    campaign.languages = ["Welsh"]
    campaign.save()
    with pytest.raises(NotEligible):
        lend_chosen(task=Task.objects.get(pk=tasks[3].pk), to=alice)


def test_agreement_leaves_out_what_was_confirmed_and_says_how_many(
    run, tasks, campaign, criterion, alice, bob
):
    said(tasks[1], criterion, bob, REFUND)
    said(tasks[2], criterion, bob, OTHER)
    for task in tasks[1:3]:
        said(task, criterion, alice, REFUND, saw_proposal=True)
    made = agreement_report(Read(campaign))
    assert made["proposed"] == 2
    assert made["questions"][0]["answers"] == 2


def test_more_than_a_page_at_once_is_refused(run, alice):
    with pytest.raises(UnfitLabelling):
        reject_proposals(run=run, tasks=[run.uid] * 51, by=alice)


def test_a_chosen_task_is_lent_once_and_only_where_a_prompt_stands_alone(tasks, alice, bob):
    lend_chosen(task=tasks[0], to=bob)
    with pytest.raises(Conflict, match="had this task"):
        lend_chosen(task=tasks[0], to=bob)
    lend_chosen(task=tasks[0], to=alice)
    carol = MemberFactory.create(workspace=alice.workspace)
    with pytest.raises(Conflict, match="Others"):
        lend_chosen(task=tasks[0], to=carol)
    with pytest.raises(UnfitTask):
        lend_chosen(task=TaskFactory.create(), to=bob)
