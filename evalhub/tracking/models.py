from __future__ import annotations

from django.db import models

from evalhub.accounts.models import Member, Workspace
from evalhub.common.models import PublicModel, one_of
from evalhub.runs.models import Run
from evalhub.tracking.choices import NEEDS, Needs, Service


class Tracker(PublicModel):
    """A service elsewhere that is told the figures of a workspace's runs; one of each kind.

    `key_variable` names a variable of the worker's environment. The key itself is stored nowhere.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="trackers")
    service = models.CharField(max_length=12, choices=Service.choices)
    project = models.CharField(max_length=60)
    address = models.CharField(max_length=200, blank=True)
    key_variable = models.CharField(max_length=80, blank=True)
    is_offline = models.BooleanField(default=False)  # files on the worker's disk, uploaded by hand
    is_on = models.BooleanField(default=True)
    set_by = models.ForeignKey(Member, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["service"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "service"], name="one_tracker_of_each_service"
            ),
            one_of("tracker_service_known", "service", Service),
        ]

    def __str__(self) -> str:
        return str(Service(self.service).label)

    @property
    def needs(self) -> Needs:
        return NEEDS[self.service]

    @property
    def place(self) -> str:
        """Where figures go; what was sent to another place counts for nothing here."""
        where = "offline" if self.is_offline else self.address
        return " ".join(part for part in (self.service, where, self.project) if part)


class Track(PublicModel):
    """What one Run has told one Tracker. `sent_to` is the last step that is there; None: none yet."""

    run = models.ForeignKey(Run, models.PROTECT, related_name="tracks")
    tracker = models.ForeignKey(Tracker, models.PROTECT, related_name="tracks")
    place = models.CharField(max_length=300)
    sent_to = models.BigIntegerField(null=True, blank=True)
    has_end = models.BooleanField(default=False)  # its end and last figures are there too
    seen_at = models.CharField(max_length=500, blank=True)  # an address, or a folder of the worker
    error = models.TextField(blank=True)  # of the last time, for people; empty: it went well
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["tracker__service"]
        constraints = [
            models.UniqueConstraint(fields=["run", "tracker"], name="one_track_per_run_and_tracker")
        ]

    def __str__(self) -> str:
        return f"{self.run} to {self.tracker}"

    @property
    def link(self) -> str:
        return self.seen_at if self.seen_at.startswith(("https://", "http://")) else ""
