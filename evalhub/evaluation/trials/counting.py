"""What the votes say, looked at after each; numpy only, and in a worker."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict

import numpy as np
from django.db import transaction
from django.db.models import Count, QuerySet

from evalhub.campaigns.choices import FlagKind
from evalhub.campaigns.models import Flag
from evalhub.evaluation.gate import Gate, TrialTerms, Veto, read_gate
from evalhub.evaluation.models import Bet, HumanTrial, TrialOutcome, TrialState
from evalhub.evaluation.trials.ending import conclude
from evalhub.judgments.models import Judgment, Preference, Rating
from evalhub.stats.betting import Look, log_e_values, look

OUTCOMES = {
    "better": TrialOutcome.BETTER,
    "worse": TrialOutcome.WORSE,
    "no_difference": TrialOutcome.NO_DIFFERENCE,
}


@transaction.atomic
def count_votes(trial_pk: int) -> None:
    """Bet on each prompt that has all its votes now, and end the trial when that decides it."""
    trial = HumanTrial.objects.select_for_update(of=("self",)).get(pk=trial_pk)
    gate = read_gate(trial.gate)
    if trial.state != TrialState.OPEN or gate.trial is None:
        return
    done, votes = _settle(trial, gate.trial)
    values = np.array(trial.bets.order_by("place").values_list("value", flat=True), dtype=float)
    found = look(values, alpha=gate.trial.alpha, margin=gate.trial.margin)
    trial.look = asdict(found) | {"votes": votes}
    trial.save(update_fields=["look"])
    if outcome := _outcome(trial, gate, found, done):
        conclude(trial, outcome)


def _outcome(trial: HumanTrial, gate: Gate, found: Look, done: int) -> TrialOutcome | None:
    if vetoes_of(trial, gate):
        return TrialOutcome.VETOED
    if found.call != "open":
        return OUTCOMES[found.call]
    return TrialOutcome.UNDECIDED if done >= trial.prompts else None


def vetoes_of(trial: HumanTrial, gate: Gate) -> list[str]:
    """What refuses the candidate whatever its win rate, in words; the answers are counted, not the
    people, so one rating below the least is enough for an answer."""
    terms, told = gate.trial, []
    if terms is None:
        return []
    for veto in gate.vetoes:
        bad = bad_answers(trial, terms, veto)
        if bad > veto.most:
            told.append(
                f"{bad} of its answers {'was' if bad == 1 else 'were'} rated below {veto.least} on "
                f"{veto.criterion} ({veto.most} allowed)"
            )
    most = terms.most_unsafe_flags
    if most is not None:
        flags = Flag.objects.filter(campaign=trial.campaign, kind=FlagKind.UNSAFE)
        flagged = flags.values("task").distinct().count()
        if flagged > most:
            told.append(f"{flagged} tasks were flagged as unsafe ({most} allowed)")
    return told


def bad_answers(trial: HumanTrial, terms: TrialTerms, veto: Veto) -> int:
    ratings = Rating.objects.filter(
        judgment__in=_counted(trial, terms),
        criterion__slug=veto.criterion,
        completion__generation__run_uid=trial.candidate_run.uid,
        turn=None,
        value__lt=veto.least,
    )
    return ratings.values("completion").distinct().count()


def _settle(trial: HumanTrial, terms: TrialTerms) -> tuple[int, int]:
    """Write the bets that are due, in the order in which their last votes came.

    Returns:
        how many prompts are done or have no place left, and how many judgments count.
    """
    votes = votes_of(trial, terms)
    judged: defaultdict[int, int] = defaultdict(int)
    done: list[int] = []
    for task in _counted(trial, terms).order_by("pk").values_list("task_id", flat=True):
        judged[task] += 1
        if judged[task] == terms.votes:
            done.append(task)
    known = list(trial.bets.order_by("place").values_list("task_id", "value"))
    settled = {task for task, _ in known}
    due = [task for task in done if task not in settled and votes[task]]
    values = [value for _, value in known] + [float(np.mean(votes[task])) for task in due]
    course = log_e_values(np.array([values]), against=0.5, side="higher")[0] if due else []
    Bet.objects.bulk_create(
        Bet(
            trial=trial,
            task_id=task,
            place=place + 1,
            votes=len(votes[task]),
            value=values[place],
            better=float(course[place]),
        )
        for place, task in enumerate(due, start=len(known))
    )
    return len(settled | set(done) | _filled(trial, terms)), sum(judged.values())


def _filled(trial: HumanTrial, terms: TrialTerms) -> set[int]:
    """Tasks that nobody can judge any more, whoever took their places: else no trial would end
    in which a simulated member voted that the gate does not count."""
    said = Judgment.objects.counted().filter(campaign=trial.campaign).order_by()
    full = said.values("task").annotate(places=Count("pk")).filter(places__gte=terms.votes)
    return set(full.values_list("task", flat=True))


def votes_of(trial: HumanTrial, terms: TrialTerms) -> defaultdict[int, list[float]]:
    """Of each task the overall preferences of people: 1 for the candidate, a tie one half."""
    said = Preference.objects.filter(judgment__in=_counted(trial, terms), criterion=None)
    rows = said.order_by("judgment_id").values_list(
        "judgment__task_id", "margin", "first__generation__run_uid"
    )
    votes: defaultdict[int, list[float]] = defaultdict(list)
    for task, margin, first in rows:
        towards = margin if first == trial.candidate_run.uid else -margin
        votes[task].append(0.5 if towards == 0 else float(towards > 0))
    return votes


def _counted(trial: HumanTrial, terms: TrialTerms) -> QuerySet[Judgment]:
    """What the trial goes by: of the sources that its gate accepts, and no other."""
    return Judgment.objects.counted().from_sources(*terms.sources).filter(campaign=trial.campaign)
