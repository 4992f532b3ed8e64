from __future__ import annotations

from evalhub.campaigns.models import Task
from evalhub.gold.jobs.attempts import score_copies, score_judgment
from evalhub.gold.jobs.draws import draw_gold, draw_repeat, follow_plan
from evalhub.gold.jobs.verdicts import judge_again, judge_gold
from evalhub.jobs.events import subscribe
from evalhub.jobs.models import News


def connect() -> None:
    subscribe("judgment.counted", _heard)
    subscribe("gold.changed", _changed)


def _heard(news: News) -> None:
    judge_gold(judgment=news.subject_uid)
    score_judgment(judgment=news.subject_uid)
    draw_gold(judgment=news.subject_uid)
    draw_repeat(judgment=news.subject_uid)


def _changed(news: News) -> None:
    follow_plan(task=Task.objects.get(uid=news.subject_uid))
    judge_again(task=news.subject_uid)
    score_copies(task=news.subject_uid)
