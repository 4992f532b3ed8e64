"""News that moves a trial on: a model has answered, a vote counts."""

from __future__ import annotations

from django.db.models import Q

from evalhub.evaluation.models import HumanTrial, TrialState
from evalhub.evaluation.summing import sum_up_people
from evalhub.evaluation.trials.asking import ask_people
from evalhub.jobs.models import News
from evalhub.judgments.models import Judgment


def job_ended(news: News) -> None:
    mine = Q(candidate_run__job__uid=news.subject_uid) | Q(incumbent_run__job__uid=news.subject_uid)
    waiting = HumanTrial.objects.filter(mine, state=TrialState.ANSWERING)
    for trial in waiting.values_list("pk", flat=True):
        ask_people(trial)


def judgment_counted(news: News) -> None:
    """Most judgments are of other campaigns: one look-up by the judgment's own key."""
    from evalhub.evaluation.trials.counting import count_votes  # numpy: only where it is needed

    campaigns = Judgment.objects.filter(uid=news.subject_uid).values("campaign_id")
    trials = HumanTrial.objects.filter(state=TrialState.OPEN, campaign_id__in=campaigns)
    for trial in trials.values_list("pk", flat=True):
        count_votes(trial)


def trial_ended(news: News) -> None:
    """Both models' answers were judged: say so beside their figures."""
    ended = HumanTrial.objects.filter(uid=news.subject_uid, state=TrialState.DECIDED).first()
    for comparison in ended.comparisons.all() if ended else ():
        sum_up_people(comparison=comparison)
