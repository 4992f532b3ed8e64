"""On which questions of which campaigns people agree enough, by the answers that a build reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef

from evalhub.campaigns.models import Campaign
from evalhub.quality.answered import alpha_in, answered
from evalhub.quality.questions import questions_of
from evalhub.quality.scope import Scope
from evalhub.stats.intervals import Estimate

PLACES = 6  # decimals that are kept, so that rounding is no matter of the machine


class Question(NamedTuple):
    """What answers are to: of a rating, or of a comparison, on a criterion by key (0: overall)."""

    campaign: int
    criterion: int
    is_pair: bool


@dataclass(frozen=True)
class Agreed:
    """How far people agree on a question of a campaign. `low`: of the interval of 95 %."""

    question: Question
    campaign: str  # uid
    name: str  # the criterion's slug, or "overall"
    version: int | None  # of the rubric; None: overall, or of a comparison
    alpha: Estimate
    answers: int

    def reaches(self, least: float) -> bool:
        """Whether the lower end does; without an interval nothing is shown, so it does not."""
        return self.alpha.low is not None and round(self.alpha.low, PLACES) >= least

    def told(self, *, least: float) -> dict[str, Any]:
        """For a manifest."""
        low, high = _number(self.alpha.low), _number(self.alpha.high)
        return {
            "campaign": self.campaign,
            "question": self.name,
            "asked_by": "comparison" if self.question.is_pair else "rating",
            "rubric_version": self.version,
            "alpha": _number(self.alpha.value),
            "low": low,
            "high": high,
            "answers": self.answers,
            "counts": self.reaches(least),
            "why": _why(self.alpha, low, least),
        }


def _number(value: float | None) -> float | None:
    return None if value is None else round(value, PLACES)


def _why(alpha: Estimate, low: float | None, least: float) -> str:
    if alpha.value is None:
        return "all answers are the same" if alpha.n else "nothing was answered by two people"
    if low is None:
        return "too few answers for an interval"
    return "" if low >= least else f"the lower end of alpha is {low:.2f}, under {least:.2f}"


def agreements_in(scope: Scope, *, beat: Callable[[], object] = lambda: None) -> list[Agreed]:
    """Alpha of each question of each campaign in scope, in the order of their keys.

    As the report on agreement has it, of the judgments that the scope counts: without verdicts, which
    stand in the place of disagreement, without reviewers' fixes, and without what was confirmed from a
    proposal.
    """
    said = replace(scope, prefers_verdicts=False).judgments()
    said = said.filter(is_fix=False, saw_proposal=False)
    campaigns = Campaign.objects.filter(workspace=scope.snapshot.workspace)
    judged = Exists(said.filter(campaign=OuterRef("pk")))
    found = []
    for campaign in campaigns.filter(judged).order_by("pk"):
        mine = []
        for asked in questions_of(campaign, said=said.filter(campaign=campaign)):
            beat()
            numbered = answered(asked)
            mine.append(
                Agreed(
                    Question(campaign.pk, asked.criterion, asked.is_pair),
                    str(campaign.uid),
                    asked.name,
                    asked.version,
                    alpha_in(numbered, beat=beat),
                    len(numbered.given.value_R),
                )
            )
        found += sorted(mine, key=lambda each: each.question)
    return found
