"""What is known of answers before anybody judges them."""

from __future__ import annotations

import numpy as np
import pytest

from evalhub.valuing.answers import Answer
from evalhub.valuing.features import IN_SLICE, MODEL, SCORE, TEXT, described, features_of


def test_a_text_is_described_by_its_form_and_words() -> None:
    plain, listed = described("Why?", "It is so."), described("Why?", "1. It is so?\n2. It is 4!")
    assert [len(plain), len(listed)] == [26, 26]
    assert plain[:10] == pytest.approx([np.log1p(9), 0.0, 1.0, 0, 0, 0, 0.0, 3.0, 0, 1.0])
    assert listed[1] == pytest.approx(np.log(2))
    assert listed[3:6] == [1, 1, 0]
    assert described("", "") == [0.0] * 26


def test_words_are_hashed_alike_everywhere() -> None:
    """Else a campaign would be valued otherwise on another worker."""
    words = described("", "sky")[10:]
    assert (np.flatnonzero(words).tolist(), sum(words)) == ([15], -1.0)


def test_features_are_in_deviations_and_what_says_nothing_is_left_out() -> None:
    answers = [
        Answer("Why?", text, model=4) for text in ("So.", "So it is.", "So it is, and so on.")
    ]
    features_AK, precision_K = features_of(answers)
    assert features_AK.mean(axis=0) == pytest.approx(0, abs=1e-12)
    assert features_AK.std(axis=0) == pytest.approx(1)
    assert set(precision_K) == {TEXT}, "one model wrote all, and nobody scored them"


def test_models_slices_and_scores_are_features_too() -> None:
    answers = [
        Answer("Why?", "So.", model=1, scores={9: 2.0}, slices=("topic=sky",)),
        Answer("Why?", "So.", model=2, slices=("topic=sky",)),
        Answer("How?", "So.", model=1, scores={9: 4.0}),
        Answer("How?", "So.", model=2, scores={9: 3.0}),
    ]
    features_AK, precision_K = features_of(answers, slices=["topic=sky"])
    assert precision_K.tolist()[-5:] == [SCORE, MODEL, MODEL, IN_SLICE, IN_SLICE]
    assert features_AK[:, -4:].tolist() == [[1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0]]
    score_A = features_AK[:, -5]
    assert score_A[1] == pytest.approx(0), "who was not scored stands in the middle"
    assert score_A[0] < score_A[1] < score_A[2]
