from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign
from evalhub.common.models import PublicModel, one_of
from evalhub.jobs.models import Job
from evalhub.reports.choices import ExportFormat, ReportKind

WRITE = "exports.write"  # kind of its job
MAKE = "reports.make"


class Export(PublicModel):
    """A campaign's judgments as a file, for leads and engineers; the file goes after a week.

    `file_key` is empty until the job has written it, and again when it has expired.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="exports")
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="exports")
    format = models.CharField(max_length=10, choices=ExportFormat.choices)
    everything = models.BooleanField(default=False)  # also the judgments that do not count
    job = models.OneToOneField(Job, models.PROTECT, related_name="+")
    created_by = models.ForeignKey(Member, models.PROTECT, related_name="+")
    file_key = models.CharField(max_length=300, blank=True)  # in EVALHUB_FILES
    digest = models.CharField(max_length=64, blank=True)  # sha256 of the file
    bytes = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    left_out: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)  # by state
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            one_of("export_format_known", "format", ExportFormat),
            models.CheckConstraint(
                condition=Q(file_key="") | Q(expires_at__isnull=False),
                name="an_exported_file_expires",
            ),
        ]
        indexes = [
            models.Index(fields=["campaign", "-id"], name="export_by_campaign"),
            models.Index(fields=["expires_at"], name="export_to_expire", condition=~Q(file_key="")),
        ]

    def __str__(self) -> str:
        return f"Judgments of {self.campaign} ({self.format})"

    @property
    def is_expired(self) -> bool:
        return bool(self.digest) and not self.file_key

    @property
    def filename(self) -> str:
        return f"judgments-{self.campaign.uid}.{self.format}"


class Report(PublicModel):
    """Figures on a campaign as they were when its job computed them; each asking adds a row.

    Reports that were asked for together have one job, which reads the answers once.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="reports", db_index=False)
    kind = models.CharField(max_length=15, choices=ReportKind.choices)
    job = models.ForeignKey(Job, models.PROTECT, related_name="reports")
    created_by = models.ForeignKey(Member, models.PROTECT, related_name="+")
    body: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    made_at = models.DateTimeField(null=True, blank=True)  # None: the job has not ended well
    shape = models.PositiveSmallIntegerField(default=0, db_default=0)  # of `body`, see making.SHAPE

    class Meta:
        ordering = ["-pk"]
        constraints = [one_of("report_kind_known", "kind", ReportKind)]
        indexes = [models.Index(fields=["campaign", "kind", "-id"], name="report_newest")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.campaign}"
