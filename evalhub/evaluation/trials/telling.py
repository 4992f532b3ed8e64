"""A trial in words and figures; reads only what is stored, so pages may import it."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

from evalhub.evaluation.gate import TrialTerms, read_gate
from evalhub.evaluation.models import HumanTrial, TrialOutcome, TrialState

WIDE, HIGH = 600, 160  # of the drawing of its course


@dataclass(frozen=True)
class Progress:
    """Judgments: wanted at most, given (when it was decided, or so far), and what became of the rest."""

    wanted: int
    given: int
    saved: int  # need not be given any more
    left: int
    beside: int  # were in people's hands when it was decided, and came in all the same


def progress_of(trial: HumanTrial) -> Progress:
    if trial.campaign is None:
        return Progress(0, 0, 0, 0, 0)
    terms = read_gate(trial.gate).trial or TrialTerms()
    wanted = trial.prompts * terms.votes
    total = trial.campaign.judgments.current().from_sources(*terms.sources).count()
    if trial.state != TrialState.DECIDED:
        return Progress(wanted, given=total, saved=0, left=max(0, wanted - total), beside=0)
    given = trial.look.get("votes", 0)
    return Progress(
        wanted, given, saved=max(0, wanted - total), left=0, beside=max(0, total - given)
    )


def reason_of(trial: HumanTrial) -> str:
    """Why it ended as it did, with its figures; a clause without its full stop."""
    outcome = TrialOutcome(trial.outcome)
    told = _OUTCOMES[outcome]
    if outcome == TrialOutcome.VETOED:
        from evalhub.evaluation.trials.counting import vetoes_of  # needs numpy; not for pages

        told = "; ".join(vetoes_of(trial, read_gate(trial.gate)))
    figures = _figures(trial)
    return f"{told}; {figures}" if figures else told


_OUTCOMES = {
    TrialOutcome.BETTER: "in a blind trial people prefer its answers",
    TrialOutcome.WORSE: "in a blind trial people prefer the answers of the model in service",
    TrialOutcome.NO_DIFFERENCE: "a blind trial shows that it gains less than the gate calls worth having",
    TrialOutcome.UNDECIDED: "all votes of the blind trial are in, and they show no preference",
    TrialOutcome.VETOED: "",
    TrialOutcome.ENDED: "somebody ended the blind trial; its page says who and why",
}


def _figures(trial: HumanTrial) -> str:
    n, mean = trial.look.get("n", 0), trial.look.get("mean")
    told = []
    if n and mean is not None:
        span = f"{trial.look['low'] * 100:.0f} to {trial.look['high'] * 100:.0f} %"
        told.append(
            f"win rate {mean * 100:.0f} % on {n:,} of {trial.prompts:,} prompts, ties as half, "
            f"at any look {span}, e-value {_e_value(trial.look['better'])}"
        )
    if alike := trial.left_out.get("alike", 0):
        told.append(f"{alike:,} further prompts got the same answer from both")
    if empty := trial.left_out.get("candidate_empty", 0):
        told.append(f"on {empty:,} it gave no answer and the other did")
    return "; ".join(told)


def headline(trial: HumanTrial) -> str:
    """Where the trial stands, in a sentence."""
    if trial.state == TrialState.FAILED:
        return trial.error
    if trial.state == TrialState.ANSWERING:
        return f"Both models answer {trial.prompts:,} held-out prompts; then people are asked."
    progress = progress_of(trial)
    if trial.state == TrialState.DECIDED:
        after = f"Decided after {progress.given:,} of {progress.wanted:,} judgments"
        if trial.campaign is None:
            after = "Decided before anybody was asked"
        return f"{after}{_by_whom(trial)}: {TrialOutcome(trial.outcome).label}."
    if not trial.look.get("n"):
        return f"Open: {progress.given:,} of at most {progress.wanted:,} judgments are in."
    standing = _standing(trial)
    return f"Open, {progress.given:,} of at most {progress.wanted:,} judgments: {standing}."


def _by_whom(trial: HumanTrial) -> str:
    """Nobody, where both answered alike, or a Round was cancelled by a command."""
    if trial.ended_by is not None:
        return f", by {trial.ended_by}"
    voted = trial.campaign is not None and trial.outcome != TrialOutcome.ENDED
    return ", by the votes" if voted else ""


def in_short(trial: HumanTrial) -> str:
    """For a list: without counting judgments, which asks the database once for each trial."""
    if trial.state == TrialState.DECIDED:
        return f"Decided: {TrialOutcome(trial.outcome).label}."
    if trial.state == TrialState.OPEN:
        settled = trial.look.get("n", 0)
        return f"Open: {settled:,} of {trial.prompts:,} prompts have all their votes."
    return headline(trial)


def _standing(trial: HumanTrial) -> str:
    """What the votes say so far: past half of the way to a decision, on a log scale, they lean."""
    share = trial.look["better"] / limit_of(trial)
    if trial.look["mean"] > 0.5 and share > 0.5:
        return "they lean to the candidate, and do not decide yet"
    if trial.look["mean"] < 0.5 and trial.look["worse"] / limit_of(trial) > 0.5:
        return "they lean to the model in service, and do not decide yet"
    return "nothing is decided yet"


def limit_of(trial: HumanTrial) -> float:
    """The logarithm of the e-value that decides."""
    gate = read_gate(trial.gate)
    return -log(gate.trial.alpha) if gate.trial else log(20)


def _e_value(nats: float) -> str:
    return f"{exp(nats):,.2f}" if nats < log(1_000) else f"{exp(min(nats, 200)):.1e}"


@dataclass(frozen=True)
class Course:
    """The e-value after each prompt as a line, on a log scale.

    `needed` is the height at which it decides, `even` that of an e-value of 1.
    """

    line: str  # points of a polyline
    even: float
    needed: float
    limit: str  # the e-value that decides
    rows: list[tuple[int, str, str]]  # after so many prompts, the mean vote and the e-value; few


def course_of(trial: HumanTrial) -> Course | None:
    """None before the first prompt has all its votes."""
    bets = list(trial.bets.order_by("place").values_list("place", "value", "better"))
    if not bets:
        return None
    limit = limit_of(trial)
    top = max([limit * 1.15, *(better for *_, better in bets)])
    bottom = min([0.0, *(better for *_, better in bets)])
    width = max(trial.prompts, len(bets))

    def height(nats: float) -> float:
        return round(HIGH * (top - nats) / (top - bottom), 2)

    points = [(0, 0.0), *((place, better) for place, _, better in bets)]
    line = " ".join(f"{WIDE * place / width:.2f},{height(better)}" for place, better in points)
    step = max(1, len(bets) // 10)
    shown = [bet for bet in bets if bet[0] % step == 0 or bet[0] == len(bets)]
    means = [sum(value for _, value, _ in bets[:place]) / place for place, *_ in shown]
    rows = [
        (place, f"{mean * 100:.0f} %", _e_value(better))
        for (place, _, better), mean in zip(shown, means, strict=True)
    ]
    return Course(line, height(0.0), height(limit), f"{exp(limit):,.0f}", rows)
