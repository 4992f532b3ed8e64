from __future__ import annotations

from evalhub.jobs.events import subscribe
from evalhub.jobs.models import News
from evalhub.quality.growth import grow_if_undecided


def connect() -> None:
    subscribe("judgment.counted", _heard)


def _heard(news: News) -> None:
    grow_if_undecided(judgment=news.subject_uid)
