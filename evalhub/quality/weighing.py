"""Who cast a vote, and how far they can be relied on by the fits that a snapshot names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from evalhub.quality.models import ConsensusSnapshot
from evalhub.stats.ballots import Ballot

Fits = Mapping[int, Mapping[str, Any]]  # by the campaign's key: ReliabilityFit.questions

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


class Weighing:
    """The ballots of some judgments; without fits there are none."""

    def __init__(self, judgments: Sequence[int], fits: Fits) -> None:
        self._fits, self._who = fits, {}
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
        if judgment not in self._who:
            return None
        member, campaign, shown = self._who[judgment]
        fit = self._fits.get(campaign, {}).get(str(criterion))
        if fit is None or fit["model"] != "strengths":
            return None
        strength, position = fit["raters"].get(str(member), (1.0, 0.0))
        place = 0 if shown is None else 1 if shown == first else -1
        win = 1.0 if margin > 0 else 0.0 if margin < 0 else 0.5
        return Ballot(win, strength * fit["spread"], position * place)
