"""From complaints to answers, to people who judge them blind, to what became of each."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Assignment
from evalhub.campaigns.services.campaigns import close_campaign
from evalhub.followups.errors import FollowUpEnded, NothingToFollow
from evalhub.followups.models import Complaint
from evalhub.followups.services import end_follow_up, start_follow_up
from evalhub.followups.telling import headline
from evalhub.jobs.models import Job
from evalhub.jobs.services import cancel_job
from evalhub.judgments.models import Span
from evalhub.notifications.models import Notification
from evalhub.prompts.services.archive import archive_prompt
from evalhub.reports.bias import bias_report
from evalhub.reports.leaderboard import leaderboard_report
from evalhub.reports.read import Read
from tests.evalhub.followups.scenes import (
    NEW,
    adapter,
    begun,
    complaint_of,
    judge,
    new_answer,
    opened,
    rank,
    rated_campaign,
    said,
    worked_off,
)
from tests.evalhub.runs.scenes import stored, without_torch
from tests.factories import (
    CampaignFactory,
    CriterionFactory,
    DatasetBuildFactory,
    ExclusionFactory,
    MemberFactory,
    PreferenceFactory,
    RatingFactory,
    RunFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    without_torch(monkeypatch)


def claimed(client: Client, member: Member, campaign: object) -> int:
    client.force_login(member.user)
    path = f"/api/v1/campaigns/{campaign.uid}/claim"  # type: ignore[attr-defined]
    answer = client.post(path, {"holding": []}, content_type="application/json")
    assert "warmer" not in answer.content.decode()
    return answer.status_code


def test_what_counts_as_a_complaint(alice: Member, bob: Member, tmp_path: Path) -> None:
    campaign = rated_campaign(alice)
    CriterionFactory.create(
        version=campaign.rubric_version, slug="asks_back", kind="yes_no", low=0, high=1
    )
    low = said(campaign, bob, tone=2, critique="It is rude.")
    said(campaign, bob, tone=3, critique="Quite nice.")  # a reason alone may be praise
    edited = said(campaign, bob, tone=5, edit="Please come in.")
    said(campaign, bob, edit="Go  away.")  # changes nothing
    marked = said(campaign, bob, tone=4)
    Span.objects.create(
        judgment=marked, completion=marked.task.completions.get(), start=0, end=2, error_type="rude"
    )
    asked = campaign.rubric_version.criteria.get(slug="asks_back")
    RatingFactory.create(judgment=said(campaign, bob), criterion=asked, value=0)

    follow_up = begun(campaign, adapter(alice, tmp_path))

    rows = follow_up.complaints.order_by("pk").values_list("judgment", "criterion__slug", "value")
    assert set(rows) == {
        (low.pk, "tone", 2),
        (low.pk, None, None),
        (edited.pk, None, None),
        (marked.pk, None, None),
    }
    assert follow_up.prompts == 3


def test_whoever_is_left_out_is_left_out_here_too(
    alice: Member, bob: Member, tmp_path: Path
) -> None:
    campaign = rated_campaign(alice)
    said(campaign, bob, tone=1)
    ExclusionFactory.create(campaign=campaign, member=bob, excluded_by=alice)
    with pytest.raises(NothingToFollow, match="Nobody corrected or criticised"):
        begun(campaign, adapter(alice, tmp_path))


def test_people_are_asked_blind_and_nobody_about_their_own_case(
    alice: Member, bob: Member, client: Client, tmp_path: Path
) -> None:
    """One who rated low, one who corrected, and one who did neither."""
    campaign = rated_campaign(alice)
    dan, eve = MemberFactory.create_batch(2, workspace=alice.workspace, roles=["annotator"])
    said(campaign, bob, tone=1)
    said(campaign, dan, edit="Please come in.")
    follow_up = opened(begun(campaign, adapter(alice, tmp_path)))

    assert follow_up.comparison is not None
    assert follow_up.ranking is not None
    [pair], [three] = follow_up.comparison.tasks.all(), follow_up.ranking.tasks.all()
    assert [each.content for each in pair.completions.order_by("placed__place")] == ["Go away.", NEW]  # fmt: skip
    assert {each.content for each in three.completions.all()} == {"Go away.", "Please come in.", NEW}  # fmt: skip
    lent = {
        member: (claimed(client, member, follow_up.comparison), claimed(client, member, follow_up.ranking))
        for member in (bob, dan, eve)
    }  # fmt: skip
    assert lent[bob] == (204, 200)
    assert lent[dan] == (200, 204)
    assert lent[eve] == (204, 204)  # the others hold the only places


def test_positions_are_drawn_for_the_first_who_is_asked(
    alice: Member, bob: Member, client: Client, tmp_path: Path
) -> None:
    campaign = rated_campaign(alice)
    said(campaign, bob, tone=1)
    follow_up = opened(begun(campaign, adapter(alice, tmp_path)))
    eve = MemberFactory.create(workspace=alice.workspace, roles=["annotator"])
    assert claimed(client, eve, follow_up.comparison) == 200
    barred, hers = Assignment.objects.order_by("pk")
    assert (barred.state, barred.member) == ("barred", bob)
    assert hers.permutation == barred.permutation[::-1]  # one step further round


def test_each_complaint_finds_its_end(alice: Member, bob: Member, tmp_path: Path) -> None:
    campaign = rated_campaign(alice)
    better = said(campaign, bob, tone=1)
    corrected = said(campaign, bob, edit="Please come in.")
    again = said(campaign, bob, tone=2, old=NEW)
    taken_over = said(campaign, bob, tone=2, edit=f" {NEW} ")
    follow_up = opened(begun(campaign, adapter(alice, tmp_path), votes=2))
    pair, three = complaint_of(better, "tone").task, complaint_of(corrected).task
    assert pair is not None
    assert three is not None

    judge(follow_up, pair, tones=(1, 2))
    judge(follow_up, pair, tones=(2, 3))
    rank(follow_up, three, new=0, edit=1, old=2)
    assert worked_off(follow_up).state == "open"
    rank(follow_up, three, new=0, edit=0, old=1)
    assert worked_off(follow_up).state == "done"

    assert complaint_of(better, "tone").finding == "better"
    assert complaint_of(better, "tone").found == {"raters": 2, "old": 1.5, "new": 2.5}
    assert complaint_of(corrected).finding == "resolved"
    assert complaint_of(again, "tone").found == {"by_itself": "same_text"}
    assert complaint_of(taken_over, "tone").finding == "resolved"
    assert {each.state for each in follow_up.campaigns} == {"closed"}
    everything = follow_up.figures["all"]
    assert everything["findings"] == {"resolved": 3, "better": 1, "same": 1}
    assert everything["by_itself"] == 3
    assert everything["resolved"]["value"] == 0.6
    assert everything["resolved"]["low"] < 0.6 < everything["resolved"]["high"]
    overall, tone = follow_up.figures["lines"]
    assert (overall["criterion"], overall["findings"]) == (None, {"resolved": 2})
    assert (tone["criterion"], tone["shared"], tone["resolved"]["n"]) == ("tone", 1, 3)
    assert headline(follow_up).startswith("3 of 5 complaints by 1 person are resolved (60 %, ")


def test_without_an_edit_a_preferred_answer_with_a_fault_is_not_yet_right(
    alice: Member, bob: Member, tmp_path: Path
) -> None:
    campaign = rated_campaign(alice)
    first, second = (said(campaign, bob, tone=1, critique="Rude.") for _ in range(2))
    follow_up = opened(begun(campaign, adapter(alice, tmp_path)))
    for judgment, tones in ((first, (1, 2)), (second, (1, 4))):
        task = complaint_of(judgment).task
        assert task is not None
        judge(follow_up, task, tones=tones)
    worked_off(follow_up)
    assert complaint_of(first).finding == "better"
    assert complaint_of(second).finding == "resolved"


def test_who_complained_counts_nothing_even_if_they_judge(
    alice: Member, bob: Member, tmp_path: Path
) -> None:
    campaign = rated_campaign(alice)
    judgment = said(campaign, bob, tone=1)
    follow_up = opened(begun(campaign, adapter(alice, tmp_path), votes=2))
    task = complaint_of(judgment, "tone").task
    assert task is not None
    judge(follow_up, task, tones=(1, 5), member=bob)
    judge(follow_up, task, tones=(3, 2), towards=-1)
    worked_off(follow_up)
    complaint = complaint_of(judgment, "tone")
    assert (complaint.finding, complaint.found["raters"]) == ("worse", 1)


def test_what_it_was_trained_on_stands_apart(alice: Member, bob: Member, tmp_path: Path) -> None:
    """This very judgment, another one on the prompt, and neither."""
    campaign = rated_campaign(alice)
    taught, met, new = (said(campaign, bob, tone=2, edit=NEW) for _ in range(3))
    lineage = [
        {"id": "a", "split": "train", "prompt": str(taught.task.prompt.uid), "judgments": [str(taught.uid)]},
        {"id": "b", "split": "train", "prompt": str(met.task.prompt.uid), "judgments": []},
        {"id": "c", "split": "test", "prompt": str(new.task.prompt.uid), "judgments": [str(new.uid)]},
    ]  # fmt: skip
    build = DatasetBuildFactory.create(
        dataset__workspace=alice.workspace, digest="d" * 64, files={"lineage.jsonl": stored(lineage)}
    )  # fmt: skip
    model = adapter(alice, tmp_path)
    run = RunFactory.create(workspace=alice.workspace, recipe="sft", output_model=model)
    run.builds.add(build)

    follow_up = worked_off(begun(campaign, model))

    assert follow_up.state == "done"  # nobody had to be asked
    learnt = dict(Complaint.objects.filter(criterion=None).values_list("judgment", "learnt"))
    assert learnt == {taught.pk: "taught", met.pk: "met", new.pk: "new"}
    assert {part: share["n"] for part, share in follow_up.figures["all"]["learnt"].items()} == {"taught": 2, "met": 2, "new": 2}  # fmt: skip
    share = follow_up.figures["all"]["resolved"]
    assert (share["part"], share["n"]) == (6, 6)
    assert share["low"] == pytest.approx(0.44, abs=0.005)  # 3 of 3 prompts, by Wilson


def test_each_annotator_hears_of_their_own(
    alice: Member, erin: Member, bob: Member, tmp_path: Path
) -> None:
    campaign = rated_campaign(alice)
    dan = MemberFactory.create(workspace=alice.workspace, roles=["annotator"])
    said(campaign, bob, edit=NEW)
    said(campaign, bob, tone=2, old=NEW)
    said(campaign, dan, tone=1, old=NEW)
    worked_off(begun(campaign, adapter(alice, tmp_path), by=erin))
    told = {each.member: each.sentence for each in Notification.objects.filter(topic="follow_up.done")}  # fmt: skip
    assert told[bob] == "1 of 2 things that you corrected or criticised are resolved by warmer."
    assert told[dan] == "0 of 1 things that you corrected or criticised are resolved by warmer."
    assert "1 of 3 complaints by 2 people is resolved" in told[erin]


def test_of_a_collection_in_all_its_campaigns(alice: Member, bob: Member, tmp_path: Path) -> None:
    one, other = rated_campaign(alice), rated_campaign(alice)
    mine = said(one, bob, tone=1)
    said(other, bob, tone=1)
    follow_up = start_follow_up(
        model=adapter(alice, tmp_path), about=mine.task.prompt.collection, votes=1
    )
    assert list(follow_up.complaints.values_list("judgment", flat=True)) == [mine.pk]


def test_at_most_so_many_prompts_and_the_rest_is_told(
    alice: Member, bob: Member, tmp_path: Path
) -> None:
    campaign = rated_campaign(alice)
    for _ in range(5):
        said(campaign, bob, tone=1)
    follow_up = begun(campaign, adapter(alice, tmp_path), most_prompts=2)
    assert (follow_up.prompts, follow_up.complaints.count()) == (2, 2)
    assert follow_up.left_out == {"beyond": 3}


def test_ended_by_a_person_what_is_in_is_counted(
    alice: Member, erin: Member, bob: Member, tmp_path: Path
) -> None:
    campaign = rated_campaign(alice)
    judged, waiting = (said(campaign, bob, tone=1) for _ in range(2))
    follow_up = opened(begun(campaign, adapter(alice, tmp_path)))
    task = complaint_of(judged, "tone").task
    assert task is not None
    judge(follow_up, task, tones=(1, 4))
    end_follow_up(follow_up=follow_up, by=erin)
    assert worked_off(follow_up).state == "done"
    assert (complaint_of(judged, "tone").finding, complaint_of(waiting, "tone").finding) == ("resolved", "")  # fmt: skip
    assert follow_up.figures["all"]["unjudged"] == 1
    assert Entry.objects.filter(verb="follow_up.stopped", actor="erin").exists()
    with pytest.raises(FollowUpEnded):
        end_follow_up(follow_up=follow_up, by=erin)


def test_closing_its_campaigns_by_hand_counts_what_is_in(
    alice: Member, bob: Member, tmp_path: Path
) -> None:
    campaign = rated_campaign(alice)
    judged, waiting = (said(campaign, bob, tone=1) for _ in range(2))
    follow_up = opened(begun(campaign, adapter(alice, tmp_path)))
    task = complaint_of(judged, "tone").task
    assert task is not None
    judge(follow_up, task, tones=(1, 4))
    [asked] = follow_up.campaigns
    close_campaign(campaign=asked, by=alice)
    assert worked_off(follow_up).state == "done"
    assert complaint_of(judged, "tone").finding == "resolved"
    assert complaint_of(waiting, "tone").finding == ""


def test_a_prompt_that_was_archived_meanwhile_is_asked_nobody(
    alice: Member, bob: Member, tmp_path: Path
) -> None:
    campaign = rated_campaign(alice)
    kept, gone = (said(campaign, bob, tone=1) for _ in range(2))
    follow_up = begun(campaign, adapter(alice, tmp_path))
    archive_prompt(prompt=gone.task.prompt, by=alice)
    opened(follow_up)
    assert follow_up.left_out == {"unanswered": 1}
    assert follow_up.comparison is not None
    assert [task.prompt for task in follow_up.comparison.tasks.all()] == [kept.task.prompt]


def test_a_model_that_cannot_answer_ends_it(alice: Member, bob: Member, tmp_path: Path) -> None:
    campaign = rated_campaign(alice)
    said(campaign, bob, tone=1)
    follow_up = begun(campaign, adapter(alice, tmp_path))
    cancel_job(job=follow_up.run.job, by=alice)
    assert worked_off(follow_up).state == "failed"
    assert "could not answer" in follow_up.error


def test_figures_that_fail_end_it_with_the_reason(
    alice: Member, bob: Member, tmp_path: Path
) -> None:
    campaign = rated_campaign(alice)
    said(campaign, bob, tone=1)
    follow_up = opened(begun(campaign, adapter(alice, tmp_path)))
    end_follow_up(follow_up=follow_up, by=None)
    cancel_job(job=Job.objects.get(kind="followups.sum_up"), by=alice)
    assert worked_off(follow_up).state == "failed"
    assert "could not be worked out" in follow_up.error


def test_two_who_corrected_one_answer_are_asked_about_together(
    alice: Member, bob: Member, tmp_path: Path
) -> None:
    campaign = rated_campaign(alice)
    dan = MemberFactory.create(workspace=alice.workspace, roles=["annotator"])
    first = said(campaign, bob, edit="Please come in.")
    second = said(campaign, dan, edit="Do come in.", task=first.task)
    follow_up = opened(begun(campaign, adapter(alice, tmp_path)))
    assert follow_up.ranking is not None
    [task] = follow_up.ranking.tasks.all()
    assert task.completions.count() == 4
    assert new_answer(task, follow_up).content == NEW
    barred = Assignment.objects.filter(task=task, state="barred").values_list("member", flat=True)
    assert set(barred) == {bob.pk, dan.pk}
    assert complaint_of(first).edit != complaint_of(second).edit


def test_a_preference_is_no_complaint(alice: Member, tmp_path: Path) -> None:
    campaign = CampaignFactory.create(workspace=alice.workspace)
    PreferenceFactory.create(judgment__task__campaign=campaign)
    with pytest.raises(NothingToFollow):
        begun(campaign, adapter(alice, tmp_path))


def test_what_simulated_members_said_is_no_complaint_unless_asked_for(
    alice: Member, bob: Member, tmp_path: Path
) -> None:
    campaign, model = rated_campaign(alice), adapter(alice, tmp_path)
    made_up = said(campaign, bob, tone=1, source="simulated")
    with pytest.raises(NothingToFollow):
        begun(campaign, model)
    theirs = said(campaign, bob, tone=2)
    assert {each.judgment for each in begun(campaign, model).complaints.all()} == {theirs}
    both = begun(campaign, model, accepts_simulated=True)
    assert {each.judgment for each in both.complaints.all()} == {made_up, theirs}


def test_simulated_members_take_no_place_and_their_votes_count_for_nothing(
    alice: Member, bob: Member, tmp_path: Path
) -> None:
    campaign, model = rated_campaign(alice), adapter(alice, tmp_path)
    simulated = MemberFactory.create(workspace=alice.workspace, kind="simulated", user=None)
    complaint = said(campaign, bob, edit="Please come in.")
    strict, lax = (
        opened(begun(campaign, model, votes=2, accepts_simulated=accepts))
        for accepts in (False, True)
    )
    for follow_up, barred in ((strict, {bob.pk, simulated.pk}), (lax, {bob.pk})):
        assert follow_up.ranking is not None
        task = follow_up.ranking.tasks.get()
        kept = Assignment.objects.filter(task=task, state="barred")
        assert set(kept.values_list("member_id", flat=True)) == barred
        rank(follow_up, task, new=2, edit=1, old=0, source="simulated")
        rank(follow_up, task, new=0, edit=1, old=2)
        assert worked_off(follow_up).state == "done", follow_up.error
    found = {
        each.follow_up: (each.finding, each.found["raters"])
        for each in Complaint.objects.filter(judgment=complaint)
    }
    assert found == {strict: ("resolved", 1), lax: ("same", 2)}


def test_an_edit_stands_on_no_board_of_models(alice: Member, bob: Member, tmp_path: Path) -> None:
    """Old and new are by two models; the edit, which the rater puts first, by nobody of them."""
    campaign = rated_campaign(alice)
    said(campaign, bob, edit="Please come in.")
    follow_up = opened(begun(campaign, adapter(alice, tmp_path)))
    assert follow_up.ranking is not None
    task = follow_up.ranking.tasks.get()
    judgment = rank(follow_up, task, new=1, edit=0, old=2)
    edit = task.completions.exclude(written_by=None).get()
    tone = follow_up.rubric_version.criteria.get(slug="tone")
    RatingFactory.create(judgment=judgment, completion=edit, criterion=tone, value=5)
    old = task.placed.get(place=0).completion.generation.model.name

    (board,) = leaderboard_report(Read(follow_up.ranking))["boards"]
    assert [each["model"] for each in board["models"]] == ["warmer", old]
    assert (board["judgments"], board["comparisons"]) == (1, 1)
    bias = bias_report(Read(follow_up.ranking))
    by_question = {each["question"]: each for each in bias["questions"]}
    named = {row["model"] for each in by_question.values() for row in each["rows"]}
    assert named <= {"warmer", old, None}
    assert by_question["tone"]["answers"] == 1, "what was said of it counts, under no model"
    assert {each["model"] for row in bias["length"]["pairs"] for each in row["models"]} <= named
