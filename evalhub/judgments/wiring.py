from __future__ import annotations

from evalhub.campaigns.scoring import score_by
from evalhub.campaigns.services.limits import measure_by
from evalhub.jobs.events import subscribe
from evalhub.jobs.models import News
from evalhub.judgments.queries import active_since
from evalhub.judgments.scores import mean_ratings
from evalhub.judgments.services.review import draw_for_review


def connect() -> None:
    score_by(mean_ratings)
    subscribe("judgment.counted", _heard)
    measure_by(active_since)


def _heard(news: News) -> None:
    draw_for_review(judgment=news.subject_uid)
