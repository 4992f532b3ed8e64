"""A queued job says what it stands behind, and nothing of other people's work."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.jobs.choices import JobState, Queue
from evalhub.jobs.models import Job, Worker
from evalhub.jobs.queries import waits_for
from tests.factories import JobFactory


def on_the_device(workspace: Workspace, **more: Any) -> Job:
    now = timezone.now()
    busy = {"state": JobState.RUNNING, "lease_expires_at": now} | more
    return JobFactory.create(workspace=workspace, queue=Queue.GPU, **busy)


@pytest.fixture
def waiting(acme: Workspace) -> Job:
    Worker.objects.create(name="gpu:1", queues=["gpu"], pid=1)
    return JobFactory.create(workspace=acme, queue=Queue.GPU)


def test_it_names_what_has_the_device_and_how_long_that_takes(
    acme: Workspace, waiting: Job, client: Client, erin: Member
) -> None:
    assert waits_for(waiting) == "", "the device is free"
    on_the_device(acme, title="Main round 3: dpo", note="about 40 s left")
    told = "behind “Main round 3: dpo”, about 40 s left"
    assert waits_for(waiting) == told

    client.force_login(erin.user)
    page = client.get(reverse("jobs:detail", args=["acme", waiting.uid])).content.decode()
    assert told in page


def test_it_counts_those_ahead_in_the_queue(acme: Workspace, waiting: Job) -> None:
    on_the_device(acme, title="Measuring", note="storing results")
    last = JobFactory.create(workspace=acme, queue=Queue.GPU)
    assert waits_for(last) == "behind “Measuring”, and 1 more"


def test_another_workspaces_work_is_not_told(elsewhere: Workspace, waiting: Job) -> None:
    on_the_device(elsewhere, title="A secret plan", note="about 40 s left")
    assert waits_for(waiting) == "behind a job of another workspace"


def test_without_a_worker_it_says_so(waiting: Job) -> None:
    Worker.objects.all().delete()
    assert "no worker with a device is running" in waits_for(waiting)
