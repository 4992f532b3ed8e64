"""Two wordings of a rubric: who is shown which, what is stored, what comes of it, what is kept."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.access import shown_to
from evalhub.campaigns.errors import LeaseLost, UnfitCampaign
from evalhub.campaigns.models import Assignment, Campaign, WordingHalf
from evalhub.campaigns.services.campaigns import open_campaign
from evalhub.campaigns.services.changing import change_campaign
from evalhub.campaigns.services.claim import claim_next
from evalhub.campaigns.services.wordings import keep_wording, try_wordings
from evalhub.common.errors import Conflict
from evalhub.jobs.jobs import execute
from evalhub.judgments.body import ReviseBody, SubmitBody
from evalhub.judgments.models import Judgment, Rating
from evalhub.judgments.services.revise import revise_judgment
from evalhub.judgments.services.submit import submit_judgment
from evalhub.quality.scope import Scope
from evalhub.quality.services import take_snapshot
from evalhub.reports.making import REPORTS
from evalhub.reports.read import Read
from evalhub.rubrics.models import CarryRule, Criterion, RubricVersion
from tests import factories as make

pytestmark = pytest.mark.django_db

FIRST, SECOND = "How clear is it?", "Would a child follow it?"


@pytest.fixture
def draft(alice: Member) -> Campaign:
    version = make.RubricVersionFactory.create(rubric__workspace=alice.workspace)
    make.CriterionFactory.create(version=version, slug="clarity", question=FIRST)
    campaign = make.CampaignFactory.create(
        workspace=alice.workspace, rubric_version=version, state="draft", overlap=6,
        asks=["ratings"],
    )  # fmt: skip
    for _ in range(3):
        make.TaskFactory.create(campaign=campaign)
    return campaign


@pytest.fixture
def second(draft: Campaign) -> RubricVersion:
    rubric = draft.rubric_version.rubric
    version = make.RubricVersionFactory.create(rubric=rubric, number=2)
    make.CriterionFactory.create(version=version, slug="clarity", question=SECOND)
    return version


@pytest.fixture
def trial(draft: Campaign, second: RubricVersion, alice: Member) -> Campaign:
    try_wordings(campaign=draft, second=second, by=alice)
    return open_campaign(campaign=draft, by=alice)


def one_of_each(trial: Campaign) -> dict[int, Member]:
    """Somebody of each half, by the number of the version that they are shown."""
    found: dict[int, Member] = {}
    while len(found) < 2:
        member = make.MemberFactory.create(workspace=trial.workspace, roles=["annotator"])
        found.setdefault(shown_to(fresh(trial), member.pk).rubric_version.number, member)
    return found


def fresh(campaign: Campaign) -> Campaign:
    rows = Campaign.objects.select_related("workspace", "rubric_version__rubric")
    return rows.get(pk=campaign.pk)


def answers(value: int | None, choice: str) -> dict[str, Any]:
    reason = {"reason": "not_enough_context"} if value is None else {}
    return {
        "preferences": [{"criterion": None, "choice": choice, "strength": 1}]
        if choice != "tie"
        else [{"criterion": None, "choice": "tie"}],
        "ratings": [
            {"response": label, "criterion": "clarity", "value": value} | reason for label in "AB"
        ],
    }


def body_of(kind: type[Any], **fields: Any) -> Any:
    return msgspec.convert({"submission_id": str(uuid4())} | fields, kind, strict=False)


def judge(
    trial: Campaign, member: Member, value: int | None = 3, choice: str = "A"
) -> Judgment | None:
    lease = claim_next(campaign=fresh(trial), member_pk=member.pk)
    if lease is None:
        return None
    body = body_of(
        SubmitBody, token=lease.token, claim_next=False, active_ms=4000, **answers(value, choice)
    )
    done = submit_judgment(assignment=lease.assignment, member_pk=member.pk, body=body)
    return Judgment.objects.get(uid=done.judgment)


def judge_all(trial: Campaign, member: Member, value: int | None, choice: str) -> None:
    while judge(trial, member, value, choice):
        pass


def test_each_half_is_shown_its_own_and_the_judgment_says_which(trial: Campaign) -> None:
    for number, member in one_of_each(trial).items():
        lease = claim_next(campaign=fresh(trial), member_pk=member.pk)
        assert lease is not None
        shown = WordingHalf.objects.get(member=member).version
        assert (shown.number, lease.desk.rubric_version) == (number, shown.uid)
        judgment = judge(trial, member)
        assert judgment is not None
        assert judgment.rubric_version == shown
        assert {each.criterion.version for each in judgment.ratings.all()} == {shown}


def test_the_page_asks_in_the_words_of_ones_half(trial: Campaign) -> None:
    told = {1: (FIRST, SECOND), 2: (SECOND, FIRST)}
    for number, member in one_of_each(trial).items():
        client = Client()
        client.force_login(member.user)
        for path in ("judge", "guidelines"):
            url = f"/w/{trial.workspace.slug}/campaigns/{trial.uid}/{path}/"
            page = client.get(url).content.decode()
            assert (told[number][0] in page, told[number][1] in page) == (True, False)


def test_nobody_moves_and_the_lot_is_about_even(trial: Campaign) -> None:
    people = make.MemberFactory.create_batch(60, workspace=trial.workspace)
    numbers = [shown_to(fresh(trial), each.pk).rubric_version.number for each in people]
    assert 18 <= sum(number == 2 for number in numbers) <= 42  # all but once in a thousand times
    again = [shown_to(fresh(trial), each.pk).rubric_version.number for each in people]
    assert numbers == again


def test_without_a_trial_nothing_is_stored(draft: Campaign, alice: Member, bob: Member) -> None:
    open_campaign(campaign=draft, by=alice)
    judgment = judge(draft, bob)
    assert judgment is not None
    assert judgment.rubric_version is None
    assert not WordingHalf.objects.exists()


@pytest.mark.parametrize(
    ("criterion", "told"),
    [
        ({"slug": "brevity"}, "brevity, clarity"),
        ({"slug": "clarity", "high": 7}, "clarity"),
        ({"slug": "clarity", "kind": "yes_no", "low": 0, "high": 1}, "clarity"),
    ],
)
def test_wordings_that_ask_something_else_are_refused(
    draft: Campaign, alice: Member, criterion: dict[str, Any], told: str
) -> None:
    other = make.RubricVersionFactory.create(rubric=draft.rubric_version.rubric, number=2)
    make.CriterionFactory.create(version=other, **criterion)
    with pytest.raises(UnfitCampaign, match=told):
        try_wordings(campaign=draft, second=other, by=alice)


def test_a_stranger_rubric_a_draft_and_an_open_campaign_are_refused(
    draft: Campaign, second: RubricVersion, alice: Member
) -> None:
    with pytest.raises(UnfitCampaign, match="same rubric"):
        try_wordings(campaign=draft, second=make.RubricVersionFactory.create(), by=alice)
    RubricVersion.objects.filter(pk=second.pk).update(published_at=None)
    second.refresh_from_db()
    with pytest.raises(UnfitCampaign, match="Publish"):
        try_wordings(campaign=draft, second=second, by=alice)
    RubricVersion.objects.filter(pk=second.pk).update(published_at=draft.created_at)
    second.refresh_from_db()
    try_wordings(campaign=draft, second=second, by=alice)
    with pytest.raises(UnfitCampaign, match="leave out the second"):
        change_campaign(campaign=draft, by=alice, rubric_version=second)
    open_campaign(campaign=draft, by=alice)
    with pytest.raises(Conflict, match="was opened"):
        try_wordings(campaign=draft, second=None, by=alice)


def test_keeping_one_shows_it_to_everybody_and_gives_held_tasks_anew(
    trial: Campaign, second: RubricVersion, alice: Member
) -> None:
    half = one_of_each(trial)
    before = judge(trial, half[1])
    held = {
        number: claim_next(campaign=fresh(trial), member_pk=each.pk)
        for number, each in half.items()
    }
    keep_wording(campaign=trial, version=second, by=alice)
    assert (trial.rubric_version, trial.second_version) == (second, None)
    states = {
        number: Assignment.objects.get(uid=lease.assignment).state
        for number, lease in held.items()
        if lease
    }
    assert states == {1: "released", 2: "held"}
    lease = held[1]
    assert lease is not None
    body = body_of(SubmitBody, token=lease.token, claim_next=False, **answers(3, "A"))
    with pytest.raises(LeaseLost):  # what they saw is not asked any more
        submit_judgment(assignment=lease.assignment, member_pk=half[1].pk, body=body)
    after = judge(trial, half[1])
    assert before is not None
    assert after is not None
    assert after.rubric_version is None
    assert set(
        Rating.objects.filter(judgment=after).values_list("criterion__question", flat=True)
    ) == {SECOND}
    revised = revise_judgment(
        judgment=before, by=half[1], body=body_of(ReviseBody, **answers(5, "B"))
    )
    assert revised.rubric_version == before.rubric_version != second
    assert {each.criterion.question for each in revised.ratings.all()} == {FIRST}
    assert Entry.objects.filter(verb="campaign.wording_kept").count() == 1
    with pytest.raises(Conflict):
        keep_wording(campaign=trial, version=second, by=alice)


def people_of_each(trial: Campaign, count: int) -> dict[int, list[Member]]:
    found: dict[int, list[Member]] = {1: [], 2: []}
    while min(map(len, found.values())) < count:
        member = make.MemberFactory.create(workspace=trial.workspace, roles=["annotator"])
        mine = found[shown_to(fresh(trial), member.pk).rubric_version.number]
        if len(mine) < count:
            mine.append(member)
    return found


def test_the_report_lays_both_halves_side_by_side(trial: Campaign) -> None:
    people = people_of_each(trial, 3)
    for nth, member in enumerate(people[1]):
        judge_all(trial, member, nth + 1, "A")  # no agreement on clarity
    for nth, member in enumerate(people[2]):
        judge_all(trial, member, None if nth == 0 else 4, "tie")
    made = REPORTS["wordings"](Read(fresh(trial)))
    assert json.loads(json.dumps(made)) == made
    assert [(w["version"], w["people"], w["judgments"]) for w in made["wordings"]] == [
        (1, 3, 9),
        (2, 3, 9),
    ]
    rows = {(row["figure"], row["question"]): row for row in made["rows"]}
    missing = rows["cannot_tell", "clarity"]
    assert [side["value"] for side in missing["sides"]] == [0, pytest.approx(1 / 3)]
    ties = rows["ties", "overall"]
    assert [side["value"] for side in ties["sides"]] == [0, 1]
    assert ties["gap"] == {"value": 1, "low": None, "high": None, "is_clear": False}
    assert rows["agreement", "clarity"]["sides"][0]["value"] < 0
    assert rows["seconds", ""]["sides"][0]["value"] == 4
    keep_wording(campaign=trial, version=trial.rubric_version, by=people[1][0])
    kept = REPORTS["wordings"](Read(fresh(trial)))  # the trial can be read afterwards, too
    assert kept["rows"] == made["rows"]


@pytest.mark.parametrize("kept", [1, 2])
@pytest.mark.parametrize("rule", ["keep", ""])
def test_builds_count_both_halves_once_a_lead_says_so(
    trial: Campaign, second: RubricVersion, alice: Member, kept: int, rule: str
) -> None:
    for member in one_of_each(trial).values():
        judge(trial, member)
    first = trial.rubric_version
    keep_wording(campaign=trial, version=second if kept == 2 else first, by=alice)
    if rule:
        later = Criterion.objects.get(version=second)
        CarryRule.objects.create(criterion=later, rule=rule)
    snapshot = take_snapshot(workspace=trial.workspace)
    carried = Scope(snapshot=snapshot, sources=("human", "simulated")).carried
    dropped = Criterion.objects.get(version=first if kept == 2 else second)
    end = carried[dropped.pk]
    assert (end is not None) == bool(rule)
    if end is not None:
        assert end.criterion.version.number == kept
        assert end.value(3) == 3


def test_the_page_tries_computes_and_keeps(
    draft: Campaign, second: RubricVersion, alice: Member, bob: Member
) -> None:
    client = Client()
    client.force_login(alice.user)
    url = f"/w/acme/campaigns/{draft.uid}/wordings/"
    assert "Try a second wording" in client.get(url).content.decode()
    assert client.post(f"{url}try/", {"second": draft.rubric_version.uid}).status_code == 422
    assert client.post(f"{url}try/", {"second": second.uid}).status_code == 302
    open_campaign(campaign=draft, by=alice)
    judge(draft, bob)
    assert client.post(url).status_code == 302
    execute(draft.reports.get().job.uid)
    page = client.get(url).content.decode()
    assert "Agreement: clarity" in page
    assert "Keep" in page
    assert client.post(f"{url}keep/", {"version": second.uid}).status_code == 302
    draft.refresh_from_db()
    assert draft.rubric_version == second
    assert client.post(f"{url}keep/", {"version": second.uid}).status_code == 409
    client.force_login(bob.user)
    assert client.get(url).status_code in (403, 404)


def test_the_export_says_which_wording(trial: Campaign, export: Any) -> None:
    for member in one_of_each(trial).values():
        judge(trial, member)
    rows = [json.loads(line) for line in export("jsonl", of=trial).splitlines()]
    assert sorted(row["rubric_version"] for row in rows) == [1, 2]
    assert all(row["responses"][0]["ratings"]["clarity"]["value"] == 3 for row in rows)
