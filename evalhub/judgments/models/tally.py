from __future__ import annotations

from django.db import models

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.common.models import one_of
from evalhub.judgments.choices import Source

# A first judgment that counts towards k: no revision, fix, extra, withdrawn or imported one.
FILLS_A_PLACE = """
    (supersedes_id IS NULL AND withdrawn_at IS NULL AND NOT is_extra AND assignment_id IS NOT NULL)
"""
# Of one judgment, what pay by the hour goes by: never more than lay between its claim and its submit, which
# the server measured. None: nobody measured it.
WORKED_MS = "CASE WHEN active_ms IS NOT NULL THEN least(active_ms, wall_ms) END"


class Tally(models.Model):
    """What one member gave to a campaign in one hour, of the judgments up to `TallyMark.up_to`.

    Those for which FILLS_A_PLACE holds. Whoever needs only a part of the hour reads its judgments: all of
    them have a key from `first_id` to `last_id`, and few others do.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    source = models.CharField(max_length=10, choices=Source.choices)
    hour = models.DateTimeField()  # its beginning, UTC
    judgments = models.PositiveIntegerField(default=0)
    timed = models.PositiveIntegerField(default=0)  # those whose active time is known
    active_ms = models.PositiveBigIntegerField(default=0)  # of those
    worked_ms = models.PositiveBigIntegerField(default=0)  # of those, as WORKED_MS has it
    first_id = models.BigIntegerField(default=0)
    last_id = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "hour", "member", "source"],
                name="one_tally_per_member_hour_source",
            ),
            one_of("tally_source_known", "source", Source),
        ]
        indexes = [models.Index(fields=["member", "campaign"], name="tally_by_member")]

    def __str__(self) -> str:
        return (
            f"{self.member_id} in {self.campaign_id} at {self.hour:%Y-%m-%d %H}: {self.judgments}"
        )


class TallyMark(models.Model):
    """Up to which judgment the tallies count; whoever reads them adds what came after. One row."""

    up_to = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="one_tally_mark"),
        ]

    def __str__(self) -> str:
        return str(self.up_to)
