"""News from apps below: somebody read figures there."""

from __future__ import annotations

from datetime import date

from evalhub.accounts.models import Member
from evalhub.evaluation.services import note_looks
from evalhub.jobs.models import News


def figures_read(news: News) -> None:
    member = Member.objects.select_related("workspace").get(uid=news.subject_uid)
    note_looks(by=member, digests=news.body["sets"], day=date.fromisoformat(news.body["day"]))
