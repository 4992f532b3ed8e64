"""What is done with many rows at once, and the views that are kept."""

from __future__ import annotations

import pytest
from django.test import Client

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.models import Entry
from evalhub.browse import finding
from evalhub.browse.models import SavedView
from evalhub.campaigns.models import Campaign, Reservation, Task
from evalhub.jobs import jobs as engine
from evalhub.jobs.models import Job
from evalhub.prompts.models import Prompt
from tests import factories as make
from tests.evalhub.browse.scenes import signed_in, task

pytestmark = pytest.mark.django_db


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
    assert "Somebody holds this task or has judged it" in html
    assert [row.task for row in Reservation.objects.all()] == [free]


def test_tasks_are_archived_found_and_restored(
    client: Client, alice: Member, campaign: Campaign
) -> None:
    broken, fine = task(campaign, "A broken one"), task(campaign, "A good one")
    page = signed_in(client, alice)
    asked = f"campaign={campaign.uid}"
    fields = {"rows": str(broken.uid), "criteria": asked}
    url = "/w/acme/browse/tasks/"
    told = page.post(f"{url}act/", fields | {"act": "archive"}, follow=True)
    assert "1 row changed." in told.content.decode()
    only = page.get(f"{url}?{asked}&state=archived").content.decode()
    assert "A broken one" in only
    assert "A good one" not in only
    waiting = page.get(f"{url}?{asked}&state=waiting").content.decode()
    assert "A good one" in waiting
    assert "A broken one" not in waiting
    page.post(f"{url}act/", fields | {"act": "restore"})
    broken.refresh_from_db()
    assert (broken.archived_at, broken.open_places) == (None, fine.open_places)


def test_a_task_is_offered_to_those_alone_who_judge(
    client: Client, alice: Member, bob: Member, campaign: Campaign
) -> None:
    task(campaign)
    page = signed_in(client, alice).get("/w/acme/browse/tasks/").content.decode()
    assert f'value="{bob.uid}"' in page
    assert f'value="{alice.uid}"' not in page


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


def test_a_job_that_is_cancelled_stops_even_where_nothing_matches(
    client: Client, alice: Member, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evalhub.browse import jobs

    monkeypatch.setattr(finding, "CHEAP", 0.0)  # so it walks
    monkeypatch.setattr(jobs, "LOOKED_AT", 1)
    rows_ = [task(campaign, "A shoe") for _ in range(3)]
    fields = {
        "act": "priority", "scope": "all", "priority-priority": "8",
        "criteria": f"campaign={campaign.uid}&text=parcel",
    }  # fmt: skip
    signed_in(client, alice).post("/w/acme/browse/tasks/act/", fields)
    job = Job.objects.get()
    Job.objects.update(cancel_requested_at=job.created_at)
    engine.execute(job.uid)
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert {row.priority for row in rows_} == {5}
