from __future__ import annotations

from django.db import models

from evalhub.accounts.models import Workspace
from evalhub.common.models import PublicModel


class ConsensusSnapshot(PublicModel):
    """The point up to which judgments are read; what a build uses is thereby frozen.

    Judgments are append-only, so "every judgment with a key up to `last_judgment`, that nothing up
    to there supersedes" names the same rows for ever; and what was stored by `settled_before` can
    be withdrawn no more. `digest` is over the uids of those rows.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT)
    last_judgment = models.BigIntegerField()
    settled_before = models.DateTimeField()
    judgments = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.judgments} judgments"
