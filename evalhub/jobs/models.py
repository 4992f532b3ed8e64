from __future__ import annotations

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.common.models import PublicModel, one_of
from evalhub.jobs.choices import ENDED, JobState, Queue, queue_with


class JobQuerySet(models.QuerySet["Job"]):
    def of_workspace(self, workspace: Workspace) -> Self:
        return self.filter(workspace=workspace)

    def waiting(self) -> Self:
        """For a worker; those that a person has paused wait for that person."""
        return self.filter(state=JobState.QUEUED, paused_at=None)

    def running(self) -> Self:
        return self.filter(state=JobState.RUNNING)

    def unended(self) -> Self:
        return self.exclude(state__in=ENDED)

    def abandoned(self) -> Self:
        """Running, but whoever ran it stopped renewing the lease."""
        return self.running().filter(lease_expires_at__lt=timezone.now())


class Job(PublicModel):
    """Background work that a person can watch. The row is the truth; Celery only rings the bell.

    queued -> running -> succeeded | failed | cancelled
    queued -> cancelled;  running -> queued (given back, paused, or its lease ran out)
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, null=True, blank=True)
    kind = models.CharField(max_length=40)  # names a registered handler: "imports.read"
    subject_uid = models.UUIDField(null=True, blank=True)  # what it is about
    title = models.CharField(max_length=200)
    queue = models.CharField(max_length=10, choices=Queue.choices, default=Queue.DEFAULT.value)
    # only workers that offer it take the job; empty: any worker of the queue
    label = models.CharField(max_length=40, blank=True, default="", db_default="")
    payload: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    created_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True)

    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED.value)
    attempt = models.PositiveIntegerField(default=0)  # the fencing token: grows with each take
    deaths = models.PositiveSmallIntegerField(default=0)  # how often whoever had it went silent
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    rung_at = models.DateTimeField(default=timezone.now)  # when Celery was last told
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)  # until a person lets it go on
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)  # 0: not known yet
    note = models.CharField(max_length=200, blank=True)
    result: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    error = models.TextField(blank=True)  # for the person: what they can do
    trace = models.TextField(blank=True)  # for us; shown to owners and engineers only

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=JobState.RUNNING) | Q(lease_expires_at__isnull=False),
                name="running_job_has_a_lease",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ENDED, ended_at__isnull=False)
                | (~Q(state__in=ENDED) & Q(ended_at=None)),
                name="ended_job_has_its_time",
            ),
            one_of("job_state_known", "state", JobState),
        ]
        indexes = [
            models.Index(
                F("queue"), F("id"), name="job_waiting", condition=Q(state=JobState.QUEUED)
            ),
            models.Index(
                fields=["lease_expires_at"], name="job_leases", condition=Q(state=JobState.RUNNING)
            ),
            models.Index(fields=["workspace", "-id"], name="job_by_workspace"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.state})"

    @property
    def is_ended(self) -> bool:
        return self.state in ENDED

    @property
    def is_paused(self) -> bool:
        """Or about to be, while a worker still writes its last checkpoint."""
        return self.paused_at is not None and not self.is_ended

    @property
    def asked_of(self) -> str:
        """The queue that workers listen to who may take it: "gpu", or with a label "gpu.a100"."""
        return queue_with(self.queue, self.label)

    @property
    def share_done(self) -> float | None:
        """0 to 1, or None while the total is not known."""
        return min(1.0, self.done / self.total) if self.total else None


class NewsQuerySet(models.QuerySet["News"]):
    def due(self) -> Self:
        return self.filter(delivered_at=None, due_at__lte=Now())


class News(PublicModel):
    """One line of the outbox: something happened that upper apps may act on.

    Written in the transaction of what happened; handed to each subscriber after the commit, and
    again by the sweep until `delivered_at` stands. What may still be taken back is due later.
    """

    topic = models.CharField(max_length=60)
    subject_uid = models.UUIDField()
    body: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    due_at = models.DateTimeField(db_default=Now())  # not delivered before
    delivered_at = models.DateTimeField(null=True, blank=True)
    tries = models.SmallIntegerField(default=0)  # from 0 upwards

    objects = NewsQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["id"], name="news_waiting", condition=Q(delivered_at=None))]

    def __str__(self) -> str:
        return f"{self.topic} {self.subject_uid}"


class Worker(models.Model):
    """A worker process, as it says of itself every few seconds. Gone silent = gone.

    `workspace`: the one that it works for, where it reaches only our API; any other works for all.
    """

    name = models.CharField(max_length=120, unique=True)
    queues: ArrayField[list[str], list[str]] = ArrayField(models.CharField(max_length=60))
    workspace = models.ForeignKey(Workspace, models.CASCADE, null=True, blank=True)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name
