from __future__ import annotations

from django.db.models import F
from django.utils import timezone

from evalhub.links.models import ReportLink


def count_opening(*, link: ReportLink) -> None:
    """One more look; when was the last one."""
    ReportLink.objects.filter(pk=link.pk).update(
        opens=F("opens") + 1, last_opened_at=timezone.now()
    )
