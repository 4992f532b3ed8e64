"""Who says that a completion says what is not so."""

from __future__ import annotations

import numpy as np
from django.utils import translation

from evalhub.quality.arrays import Models
from evalhub.reports.marks import rates_of
from evalhub.reports.templatetags.reports import level_words
from evalhub.stats.agreement import Level


def test_a_person_has_one_vote_however_many_passages_they_marked() -> None:
    """As from a file with a line, so a judgment, for each passage: three of one person, who are outvoted."""
    person = np.array([1, 1, 1, 2, 3])
    same = np.zeros(5, dtype=np.int64)
    written = Models(["qwen"], ["u"], np.array([0]), np.array([0]))
    [row] = rates_of([same, np.arange(5), person, same, np.array([1, 1, 1, 0, 0])], written)
    assert (row["value"], row["n"], row["judgments"]) == (0, 1, 5)
    [row] = rates_of([same, np.arange(5), person, same, np.array([1, 0, 0, 1, 0])], written)
    assert row["value"] == 1


def test_every_level_of_measurement_has_a_german_name() -> None:
    with translation.override("de"):
        names = [level_words(each) for each in Level]
    assert names == ["nominal", "ordinal", "Intervall", "Verhältnis"]
