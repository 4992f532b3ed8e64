from __future__ import annotations

from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Task
from evalhub.gold.jobs.attempts import score_copies, score_judgment
from evalhub.gold.jobs.draws import draw_gold, draw_repeat, follow_plan
from evalhub.gold.jobs.verdicts import judge_again, judge_gold
from evalhub.jobs.events import subscribe
from evalhub.jobs.models import News
from evalhub.judgments.models import Judgment


def connect() -> None:
    subscribe("judgment.counted", _heard)
    subscribe("gold.changed", _changed)


def _heard(news: News) -> None:
    """Most campaigns mix nothing in: one look tells whether there is anything to do."""
    judgment = news.subject_uid
    about = Judgment.objects.values_list("task__kind", "campaign__gold_plan").get(uid=judgment)
    kind, plan = about
    if kind == TaskKind.GOLD:
        judge_gold(judgment=judgment)
    if kind == TaskKind.QUALIFICATION:
        score_judgment(judgment=judgment)
    if plan is not None:
        draw_gold(judgment=judgment)
        draw_repeat(judgment=judgment)


def _changed(news: News) -> None:
    follow_plan(task=Task.objects.get(uid=news.subject_uid))
    judge_again(task=news.subject_uid)
    score_copies(task=news.subject_uid)
