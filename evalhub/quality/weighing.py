"""Who cast a vote, and how far they can be relied on by the fits that a snapshot names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

from evalhub.quality.figures import MOST_WEIGHT, Fit, Fits, figure_of, reliability_of
from evalhub.quality.models import ConsensusSnapshot
from evalhub.stats.ballots import Ballot

_WHO = """
    SELECT j.id, j.member_id, j.campaign_id, shown.completion_id
    FROM judgments_judgment j
    LEFT JOIN campaigns_assignment a ON a.id = j.assignment_id
    LEFT JOIN campaigns_taskcompletion shown
      ON shown.task_id = j.task_id AND shown.place = a.permutation[1]
    WHERE j.id = ANY(%s) AND NOT j.is_verdict
"""


def fits_of(snapshot: ConsensusSnapshot) -> Fits:
    return dict(snapshot.fits.order_by("pk").values_list("campaign_id", "questions"))


class Lean(NamedTuple):
    """How a rating is to be read."""

    severity: float  # to be taken off, in points of its own scale
    weight: float  # against the others


PLAIN = Lean(0.0, 1.0)


class Called(NamedTuple):
    """What one person's choice among labels says, in the model of `choices`; by value of the label."""

    prior: dict[int, float]  # how common each is
    likelihood: dict[int, float]  # P(this person says what they said | it is that)


class Weighing:
    """The ballots of some judgments; without fits there are none."""

    def __init__(self, judgments: Sequence[int], fits: Fits) -> None:
        self._fits, self._who = fits, {}
        self._known: dict[tuple[int, int], float | None] = {}  # by member and campaign
        if fits:
            with connection.cursor() as cursor:
                cursor.execute(_WHO, [list(judgments)])
                self._who = {row[0]: row[1:] for row in cursor.fetchall()}

    @property
    def is_weighed(self) -> bool:
        return bool(self._fits)

    def ballot(self, judgment: int, criterion: int, first: int, margin: int) -> Ballot | None:
        """What a judgment says about a pair; None where nothing is known of its campaign's people.

        Args:
            criterion: key; 0: overall.
            margin: above 0 towards the pair's first, which has the key `first`.
        """
        fit, member = self._fit(judgment, criterion)
        if fit is None or fit["model"] != "strengths":
            return None
        shown = self._who[judgment][2]
        strength, position = fit["raters"].get(member, (1.0, 0.0))
        place = 0 if shown is None else 1 if shown == first else -1
        win = 1.0 if margin > 0 else 0.0 if margin < 0 else 0.5
        return Ballot(win, strength * fit["spread"], position * place)

    def lean(self, judgment: int, criterion: int) -> Lean:
        """How a rating on a criterion, by its key, is to be read; as it is where nothing is known of its
        campaign's people.
        """
        fit, member = self._fit(judgment, criterion)
        if fit is None:
            return PLAIN
        if fit["model"] == "scores":
            severity, spread = fit["raters"].get(member, (0.0, fit["noise"]))
            return Lean(severity, min(MOST_WEIGHT, (fit["noise"] / spread) ** 2))
        if fit["model"] == "choices":
            return Lean(0.0, max(0.0, figure_of(fit, fit["raters"].get(member, fit["pooled"]))))
        return PLAIN

    def called(self, judgment: int, criterion: int, value: int) -> Called | None:
        """What a label on a criterion says; None where nothing is known of its campaign's people, or its
        question is one of a scale.
        """
        fit, member = self._fit(judgment, criterion)
        if fit is None or fit["model"] != "choices" or value not in fit["values"]:
            return None
        confusion, said = fit["raters"].get(member, fit["pooled"]), fit["values"].index(value)
        values = [int(each) for each in fit["values"]]
        return Called(
            dict(zip(values, fit["priors"], strict=True)),
            {each: confusion[nth][said] for nth, each in enumerate(values)},
        )

    def reliability(self, judgment: int) -> float | None:
        """Of its author; None where nothing is known of them."""
        if judgment not in self._who:
            return None
        who = self._who[judgment][:2]
        if who not in self._known:  # a person writes many
            self._known[who] = reliability_of(self._fits, *who)
        return self._known[who]

    def _fit(self, judgment: int, criterion: int) -> tuple[Fit | None, str]:
        if judgment not in self._who:
            return None, ""
        member, campaign, _ = self._who[judgment]
        return self._fits.get(campaign, {}).get(str(criterion)), str(member)
