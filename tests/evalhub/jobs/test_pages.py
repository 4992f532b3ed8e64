"""The page that lists jobs, and what it says about one."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.jobs.choices import JobState
from evalhub.jobs.models import Job
from tests.factories import JobFactory

HTMX = {"hx-request": "true"}
TRACE = "Traceback: the inner life"


@pytest.fixture
def failed(acme: Workspace) -> Job:
    return JobFactory.create(
        workspace=acme,
        state=JobState.FAILED,
        ended_at=timezone.now(),
        error="The file is empty. Choose another.",
        trace=TRACE,
    )


def running(acme: Workspace) -> Job:
    return JobFactory.create(
        workspace=acme,
        title="Reading",
        state=JobState.RUNNING,
        lease_expires_at=timezone.now(),
        done=1200,
        total=4000,
    )


def test_the_list_asks_again_while_something_is_under_way(
    client: Client, alice: Member, acme: Workspace
) -> None:
    client.force_login(alice.user)
    job = running(acme)
    shown = client.get("/w/acme/jobs/").content.decode()
    assert 'hx-trigger="every 2s"' in shown
    assert "1,200 of 4,000" in shown
    Job.objects.filter(pk=job.pk).update(state=JobState.SUCCEEDED, ended_at=timezone.now())
    assert "hx-trigger" not in client.get("/w/acme/jobs/").content.decode()


def test_htmx_gets_the_rows_alone(client: Client, alice: Member, acme: Workspace) -> None:
    client.force_login(alice.user)
    running(acme)
    rows = client.get("/w/acme/jobs/", headers=HTMX).content.decode()
    assert rows.strip().startswith("<tbody")
    assert "<html" not in rows


def test_the_error_is_for_everybody_and_the_trace_for_engineers(
    client: Client, alice: Member, erin: Member, failed: Job
) -> None:
    at = f"/w/acme/jobs/{failed.uid}/"
    client.force_login(alice.user)
    assert failed.error in client.get(at).content.decode()
    assert TRACE not in client.get(at).content.decode()
    client.force_login(erin.user)
    assert TRACE in client.get(at).content.decode()


def test_a_lead_cancels_a_job(client: Client, alice: Member, acme: Workspace) -> None:
    job = JobFactory.create(workspace=acme)
    client.force_login(alice.user)
    client.post(f"/w/acme/jobs/{job.uid}/cancel/")
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert client.post(f"/w/acme/jobs/{job.uid}/cancel/").status_code == 409


def test_jobs_of_elsewhere_are_not_listed(client: Client, alice: Member, charlie: Member) -> None:
    JobFactory.create(workspace=charlie.workspace, title="Secret work")
    client.force_login(alice.user)
    assert "Secret work" not in client.get("/w/acme/jobs/").content.decode()


def test_old_jobs_are_one_page_away(client: Client, alice: Member, acme: Workspace) -> None:
    for n in range(51):
        JobFactory.create(workspace=acme, title=f"Number {n}.")
    client.force_login(alice.user)
    shown = client.get("/w/acme/jobs/").content.decode()
    assert "Number 0." not in shown
    last = Job.objects.get(title="Number 1.")
    assert f"?before={last.uid}" in shown
    assert "Number 0." in client.get(f"/w/acme/jobs/?before={last.uid}").content.decode()
