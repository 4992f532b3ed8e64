from __future__ import annotations

from evalhub.jobs.events import subscribe
from evalhub.jobs.handlers import register
from evalhub.jobs.models import News
from evalhub.quality.growth import grow_if_undecided
from evalhub.quality.models import PREVIEW
from evalhub.quality.previews import make_preview


def connect() -> None:
    subscribe("judgment.counted", _heard)
    register(PREVIEW, make_preview)


def _heard(news: News) -> None:
    grow_if_undecided(judgment=news.subject_uid)
