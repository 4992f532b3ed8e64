from __future__ import annotations

from evalhub.jobs.events import subscribe
from evalhub.jobs.models import News
from evalhub.judgments.services.review import draw_for_review


def connect() -> None:
    subscribe("judgment.counted", _heard)


def _heard(news: News) -> None:
    draw_for_review(judgment=news.subject_uid)
