"""One table of everything: what is found, by which way, and what is done with many rows."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.models import Entry
from evalhub.browse import finding
from evalhub.browse.choices import Kind
from evalhub.browse.finding import found
from evalhub.browse.models import SavedView
from evalhub.browse.rows import NARROWING, PARTS, asked_for
from evalhub.campaigns.models import Campaign, Reservation, Task
from evalhub.jobs import jobs as engine
from evalhub.jobs.models import Job
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Prompt
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(acme: Workspace) -> Campaign:
    return make.CampaignFactory.create(workspace=acme)


def task(campaign: Campaign, text: str = "Why is the sky blue?", **more: Any) -> Task:
    return make.TaskFactory.create(
        campaign=campaign, prompt__messages=[{"role": "user", "content": text}], **more
    )


def judged(task: Task, **more: Any) -> Judgment:
    judgment = make.JudgmentFactory.create(task=task, **more)
    make.PreferenceFactory.create(judgment=judgment)
    return judgment


def rows(kind: Kind, workspace: Workspace, before: str = "", **criteria: str) -> list[Any]:
    return found(asked_for(kind, workspace, criteria), parts=PARTS[kind], before=before).rows


def signed_in(client: Client, member: Member) -> Client:
    client.force_login(member.user)
    return client


def test_words_of_a_conversation_are_found_whatever_their_case(
    acme: Workspace, campaign: Campaign
) -> None:
    wanted = task(campaign, "Where is my PARCEL, please?")
    other = task(campaign, "Where is my shoe? user content role")
    judgment = judged(wanted)
    judged(other)
    assert rows(Kind.PROMPTS, acme, text="parcel please") == [wanted.prompt]
    assert rows(Kind.PROMPTS, acme, text='"my shoe" -parcel') == [other.prompt]
    assert rows(Kind.PROMPTS, acme, text="assistant") == []  # a role is none of the words
    assert rows(Kind.TASKS, acme, campaign=str(campaign.uid), text="parcel") == [wanted]
    assert rows(Kind.JUDGMENTS, acme, text="parcel") == [judgment]
    first = wanted.completions.order_by("pk").first()
    assert first is not None
    type(first).objects.filter(pk=first.pk).update(content="Ask the neighbours.")
    assert rows(Kind.COMPLETIONS, acme, text="NEIGHBOURS") == [first]


def test_what_nothing_can_match_is_an_empty_page(acme: Workspace) -> None:
    model = make.LanguageModelFactory.create(workspace=acme)
    assert rows(Kind.COMPLETIONS, acme, model=str(model.uid)) == []
    assert rows(Kind.TASKS, acme) == []


def test_a_very_long_text_is_stored_and_found_by_its_beginning(acme: Workspace) -> None:
    collection = make.CollectionFactory.create(workspace=acme)
    text = "harbour " + " ".join(f"w{n}x" for n in range(400_000))
    prompt = make.PromptFactory.create(
        collection=collection, messages=[{"role": "user", "content": text}]
    )
    assert rows(Kind.PROMPTS, acme, text="harbour") == [prompt]


@pytest.mark.parametrize("cheap", [0.0, 1e9], ids=["walked", "sorted"])
def test_each_criterion_finds_its_own_by_either_way(
    acme: Workspace, campaign: Campaign, monkeypatch: pytest.MonkeyPatch, cheap: float
) -> None:
    monkeypatch.setattr(finding, "CHEAP", cheap)
    plain, gold = task(campaign), task(campaign, kind="gold", open_places=0)
    urgent = task(campaign, priority=9, open_places=0)
    reserved = task(campaign, is_reserved=True)
    bob = make.MemberFactory.create(workspace=acme)
    Reservation.objects.create(campaign=campaign, task=reserved, member=bob)
    make.FlagFactory.create(task=urgent)
    german = make.PromptFactory.create(collection__workspace=acme, slices={"language": "de"})
    archived = make.PromptFactory.create(collection__workspace=acme, archived_at=plain.created_at)
    ours = {"campaign": str(campaign.uid)}
    assert rows(Kind.TASKS, acme, task_kind="gold", **ours) == [gold]
    assert rows(Kind.TASKS, acme, priority="9", **ours) == [urgent]
    assert rows(Kind.TASKS, acme, state="open", **ours) == [plain]
    assert rows(Kind.TASKS, acme, state="reserved", **ours) == [reserved]
    assert rows(Kind.TASKS, acme, state="flagged", **ours) == [urgent]
    assert rows(Kind.PROMPTS, acme, slice="language=de") == [german]
    assert rows(Kind.PROMPTS, acme, archived="yes") == [archived]
    assert archived not in rows(Kind.PROMPTS, acme, archived="no")
    assert rows(Kind.PROMPTS, acme, collection=german.collection.slug) == [german]
    first = plain.completions.order_by("pk").first()
    assert first is not None
    model = first.generation.model
    made = rows(Kind.COMPLETIONS, acme, model=str(model.uid))
    assert {each.generation.model for each in made} == {model}
    said = judged(plain, member=bob)
    extra = judged(gold, is_extra=True)
    fix = judged(urgent, is_fix=True)
    gone = judged(reserved, withdrawn_at=plain.created_at)
    back = make.ReturnedJudgmentFactory.create(judgment=said)
    assert rows(Kind.JUDGMENTS, acme, member=str(bob.uid)) == [said]
    for mark, judgment in {"extra": extra, "fix": fix, "withdrawn": gone}.items():
        assert rows(Kind.JUDGMENTS, acme, mark=mark) == [judgment]
    assert rows(Kind.JUDGMENTS, acme, mark="returned", **ours) == [back.judgment]


def test_a_page_of_a_frequent_filter_looks_through_a_stretch_and_goes_on(
    acme: Workspace, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "CHEAP", 0.0)
    monkeypatch.setattr(finding, "STRETCH", 3)
    wanted = [task(campaign, kind="gold"), *(task(campaign) for _ in range(4))][0]
    asked = asked_for(Kind.TASKS, acme, {"campaign": str(campaign.uid), "task_kind": "gold"})
    first = found(asked, parts=())
    assert (first.rows, first.is_stretch, first.count) == ([], True, None)
    assert first.older is not None
    second = found(asked, parts=(), before=str(first.older))
    assert (second.rows, second.older, second.is_stretch) == ([wanted], None, False)


@pytest.mark.parametrize("cheap", [0.0, 1e9], ids=["walked", "sorted"])
def test_pages_hold_each_row_once(
    acme: Workspace, campaign: Campaign, monkeypatch: pytest.MonkeyPatch, cheap: float
) -> None:
    monkeypatch.setattr(finding, "CHEAP", cheap)
    monkeypatch.setattr(finding, "SIZE", 2)
    tasks = [task(campaign, priority=7) for _ in range(5)]
    asked = asked_for(Kind.TASKS, acme, {"campaign": str(campaign.uid), "priority": "7"})
    seen, before = [], ""
    for _ in range(3):
        page = found(asked, parts=(), before=before)
        seen += page.rows
        before = str(page.older or "")
    assert seen == tasks[::-1]
    assert before == ""


def test_rows_of_another_workspace_are_never_there(
    client: Client, alice: Member, elsewhere: Workspace
) -> None:
    theirs = task(make.CampaignFactory.create(workspace=elsewhere), "Their secret question")
    judgment = judged(theirs)
    page = signed_in(client, alice)
    campaign = {"campaign": str(theirs.campaign.uid)}
    for kind in Kind:
        html = page.get(f"/w/acme/browse/{kind}/", campaign | {"text": "secret"}).content.decode()
        assert "Their secret question" not in html
        assert theirs.campaign.title not in html
    for kind, act, uid in (
        ("prompts", "archive", theirs.prompt.uid),
        ("tasks", "priority", theirs.uid),
        ("judgments", "return", judgment.uid),
    ):
        fields = {"act": act, "rows": str(uid), "priority-priority": "9", "return-reason": "x"}
        assert page.post(f"/w/acme/browse/{kind}/act/", fields).status_code == 404
    theirs.refresh_from_db()
    assert (theirs.priority, theirs.prompt.archived_at) == (5, None)


def test_ticked_rows_are_changed_and_each_refusal_says_why(
    client: Client, alice: Member, bob: Member, campaign: Campaign
) -> None:
    free, had = task(campaign), task(campaign)
    make.AssignmentFactory.create(task=had)
    page = signed_in(client, alice)
    both = {"rows": [str(free.uid), str(had.uid)], "criteria": f"campaign={campaign.uid}"}
    answer = page.post(
        "/w/acme/browse/tasks/act/",
        both | {"act": "priority", "priority-priority": "9"},
        follow=True,
    )
    assert "2 rows changed." in answer.content.decode()
    assert set(Task.objects.values_list("priority", flat=True)) == {9}
    assert Entry.objects.filter(verb="task.changed", actor="alice").count() == 2
    fields = both | {"act": "reserve", "reserve-member": str(bob.uid)}
    html = page.post("/w/acme/browse/tasks/act/", fields, follow=True).content.decode()
    assert "1 row changed." in html
    assert "1 row was not changed:" in html
    assert "Somebody has had this task already" in html
    assert [row.task for row in Reservation.objects.all()] == [free]


def test_an_act_needs_its_argument_and_rows(
    client: Client, alice: Member, campaign: Campaign
) -> None:
    row = task(campaign)
    page = signed_in(client, alice)
    fields = {"act": "overlap", "rows": str(row.uid), "overlap-overlap": ""}
    answer = page.post("/w/acme/browse/tasks/act/", fields)
    assert answer.status_code == 422
    assert "This field is required." in answer.content.decode()
    assert page.post("/w/acme/browse/tasks/act/", {"act": "archive"}).status_code == 422
    fields = {"act": "priority", "priority-priority": "9"}
    assert page.post("/w/acme/browse/tasks/act/", fields).status_code == 422


def test_an_engineer_looks_and_changes_nothing(
    client: Client, erin: Member, campaign: Campaign
) -> None:
    row = task(campaign)
    page = signed_in(client, erin)
    assert "Set the priority" not in page.get("/w/acme/browse/tasks/").content.decode()
    fields = {"act": "priority", "rows": str(row.uid), "priority-priority": "9"}
    for scope in ("ticked", "all"):
        answer = page.post("/w/acme/browse/tasks/act/", fields | {"scope": scope})
        assert answer.status_code == 403
    assert not Job.objects.exists()


def test_all_that_match_are_changed_by_a_job(
    client: Client, alice: Member, campaign: Campaign
) -> None:
    wanted = [task(campaign, "A parcel", priority=n) for n in (3, 9)]
    other = task(campaign, "A shoe", priority=3)
    page = signed_in(client, alice)
    fields = {
        "act": "priority", "scope": "all", "priority-priority": "9",
        "criteria": f"campaign={campaign.uid}&text=parcel",
    }  # fmt: skip
    answer = page.post("/w/acme/browse/tasks/act/", fields)
    later = task(campaign, "A later parcel", priority=3)
    job = Job.objects.get()
    assert answer.url == f"/w/acme/jobs/{job.uid}/"  # type: ignore[attr-defined]
    engine.execute(job.uid)
    job.refresh_from_db()
    assert (job.state, job.error) == ("succeeded", "")
    assert job.result == {"changed": 1, "same": 1, "refused": {}}
    for row, priority in ((wanted[0], 9), (wanted[1], 9), (other, 3), (later, 3)):
        row.refresh_from_db()
        assert row.priority == priority
    assert Entry.objects.get(verb="rows.acted_on").details["act"] == "priority"


def test_the_job_goes_on_where_it_was_and_does_nothing_twice(
    client: Client, alice: Member, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evalhub.browse import jobs

    monkeypatch.setattr(jobs, "DONE", 2)
    tasks = [task(campaign) for _ in range(5)]
    fields = {
        "act": "priority", "scope": "all", "priority-priority": "8",
        "criteria": f"campaign={campaign.uid}",
    }  # fmt: skip
    signed_in(client, alice).post("/w/acme/browse/tasks/act/", fields)
    job = Job.objects.get()
    reached = {"last": tasks[3].pk, "looked": 0, "changed": 2, "same": 0, "refused": {}}
    job.payload |= {"reached": reached}
    job.save()
    engine.execute(job.uid)
    job.refresh_from_db()
    assert job.result == {"changed": 5, "same": 0, "refused": {}}
    priorities = Task.objects.order_by("pk").values_list("priority", flat=True)
    assert list(priorities) == [8, 8, 8, 5, 5]


def test_who_has_lost_the_role_meanwhile_changes_nothing(
    client: Client, alice: Member, campaign: Campaign
) -> None:
    row = task(campaign)
    fields = {
        "act": "priority", "scope": "all", "priority-priority": "8",
        "criteria": f"campaign={campaign.uid}",
    }  # fmt: skip
    signed_in(client, alice).post("/w/acme/browse/tasks/act/", fields)
    alice.roles = ["engineer"]
    alice.save()
    job = Job.objects.get()
    engine.execute(job.uid)
    job.refresh_from_db()
    row.refresh_from_db()
    assert (job.state, row.priority) == ("failed", 5)


def test_a_faulty_filter_is_never_taken_for_everything(
    client: Client, alice: Member, acme: Workspace
) -> None:
    prompt = make.PromptFactory.create(collection__workspace=acme)
    fields = {"act": "archive", "scope": "all", "criteria": "slice=german"}
    answer = signed_in(client, alice).post("/w/acme/browse/prompts/act/", fields)
    assert answer.status_code == 422
    prompt.refresh_from_db()
    assert prompt.archived_at is None
    assert not Job.objects.exists()


def test_prompts_are_archived_and_restored(client: Client, alice: Member, acme: Workspace) -> None:
    prompt = make.PromptFactory.create(collection__workspace=acme)
    page = signed_in(client, alice)
    fields = {"act": "archive", "rows": str(prompt.uid)}
    html = page.post("/w/acme/browse/prompts/act/", fields, follow=True).content.decode()
    assert "1 row changed." in html
    html = page.post("/w/acme/browse/prompts/act/", fields, follow=True).content.decode()
    assert "1 row was so already." in html
    assert Prompt.objects.in_use().count() == 0
    page.post("/w/acme/browse/prompts/act/", fields | {"act": "restore"})
    assert Prompt.objects.in_use().get() == prompt
    verbs = Entry.objects.filter(target=f"prompt {prompt.uid}").order_by("pk")
    assert [each.verb for each in verbs] == ["prompt.archived", "prompt.restored"]


def test_judgments_are_handed_back_and_become_gold(
    client: Client, alice: Member, bob: Member, campaign: Campaign
) -> None:
    held = make.AssignmentFactory.create(
        task=task(campaign), member=bob, state="submitted", permutation=[1, 0]
    )
    judgment = make.JudgmentFactory.create(task=held.task, member=bob, assignment=held)
    first, second = held.task.completions.order_by("placed__place")
    make.PreferenceFactory.create(judgment=judgment, first=first, second=second, margin=2)
    page = signed_in(client, alice)
    fields = {"rows": str(judgment.uid), "return-reason": "Read on.", "gold-reason": "Clear."}
    page.post("/w/acme/browse/judgments/act/", fields | {"act": "return"})
    judgment.refresh_from_db()
    assert judgment.returned.reason == "Read on."
    page.post("/w/acme/browse/judgments/act/", fields | {"act": "gold"})
    held.task.refresh_from_db()
    answer = held.task.expert_answer
    assert (held.task.kind, answer.reason, answer.written_by) == ("gold", "Clear.", alice)
    assert answer.answers["preferences"][0]["choice"] == "A"  # the task's first, shown as B


def test_views_are_kept_shared_and_deleted(
    client: Client, alice: Member, erin: Member, acme: Workspace, charlie: Member
) -> None:
    page = signed_in(client, alice)
    for name, shared in (("German", "on"), ("Mine", "")):
        fields = {"name": name, "criteria": "slice=language%3Dde"}
        fields |= {"is_shared": shared} if shared else {}
        assert page.post("/w/acme/browse/prompts/save/", fields).status_code == 302
    assert page.post("/w/acme/browse/prompts/save/", fields).status_code == 422
    shared_view = SavedView.objects.get(name="German")
    assert shared_view.criteria == {"slice": "language=de"}
    html = page.get("/w/acme/browse/prompts/").content.decode()
    assert "slice=language%3Dde" in html
    html = signed_in(client, erin).get("/w/acme/browse/prompts/").content.decode()
    assert "German" in html
    assert "Mine" not in html
    path = f"browse/views/{shared_view.uid}/delete/"
    assert page.post(f"/w/acme/{path}").status_code == 404  # erin's session now
    signed_in(client, charlie)
    assert page.post(f"/w/elsewhere/{path}").status_code == 404
    signed_in(client, alice)
    assert page.post(f"/w/acme/{path}").status_code == 302
    assert Entry.objects.filter(verb="view.deleted", actor="alice").exists()


def test_an_index_serves_words_and_slices(acme: Workspace) -> None:
    """That the question is written as the index is, which only the planner can tell."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for name, value, index in (
            ("text", "sky", "prompt_by_words"),
            ("slice", "language=de", "prompt_by_slice"),
        ):
            condition = NARROWING[Kind.PROMPTS][name](acme, value)
            assert index in Prompt.objects.filter(condition).explain()
