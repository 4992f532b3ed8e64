"""Which answers are to questions that do not count. Shapes: R answers, J judgments."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from evalhub.judgments.models import Judgment

Ints = NDArray[np.int64]


class Distrusted:
    """Of some judgments; false where there are no such questions, and then nothing is read.

    Args:
        questions: campaign, criterion (0: overall), whether it is a comparison; see `agreeing.Question`.
    """

    def __init__(
        self, judgments: Sequence[int], questions: Collection[tuple[int, int, bool]]
    ) -> None:
        self._questions = questions
        if questions:
            rows = Judgment.objects.filter(pk__in=list(judgments)).order_by("pk")
            told = np.array(list(rows.values_list("pk", "campaign_id")), dtype=np.int64)
            self._key_J, self._campaign_J = told.reshape(-1, 2).T

    def __bool__(self) -> bool:
        return bool(self._questions)

    def among(self, judgment_R: Ints, criterion_R: Ints, *, is_pair: bool) -> NDArray[np.bool_]:
        left_R = np.zeros(len(judgment_R), dtype=bool)
        if len(judgment_R):
            campaign_R = self._campaign_J[np.searchsorted(self._key_J, judgment_R)]
            for campaign, criterion, compared in self._questions:
                if compared == is_pair:
                    left_R |= (campaign_R == campaign) & (criterion_R == criterion)
        return left_R
