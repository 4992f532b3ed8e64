from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from evalhub.stats.overlap import BLEU_SUMS, CHRF_SUMS, corpus_bleu, corpus_chrf

words = st.lists(
    st.sampled_from(["a", "cat", "sat", "on", "the", "mat", "."]), min_size=1, max_size=12
)
texts = st.lists(st.tuples(words, words), min_size=1, max_size=6)


def rows_of(metric: BLEU | CHRF, pairs: list[tuple[str, str]]) -> np.ndarray:
    """sacrebleu's own sums for each row."""
    return np.array(
        [
            metric._extract_corpus_statistics([answer], [[reference]])[0]
            for answer, reference in pairs
        ],
        dtype=float,
    )


def test_bleu_of_an_equal_text_is_a_hundred() -> None:
    """Lengths 5 and 5; all of the 5, 4, 3, 2 n-grams match: precision 1 throughout, no brevity."""
    sums = np.array([[5, 5, 5, 4, 3, 2, 5, 4, 3, 2]], dtype=float)
    assert corpus_bleu(sums)[0] == pytest.approx(100)


def test_bleu_by_hand() -> None:
    """Answer 8 words, reference 10: brevity e^(1 - 10/8) = 0.7788; precisions 6/8, 4/7, 2/6, 1/5;
    their geometric mean (0.02857)^(1/4) = 0.4111; together 32.02."""
    sums = np.array([[8, 10, 6, 4, 2, 1, 8, 7, 6, 5]], dtype=float)
    assert corpus_bleu(sums)[0] == pytest.approx(32.02, abs=0.01)


def test_nothing_in_common_gives_nothing() -> None:
    assert corpus_bleu(np.array([[3, 3, 0, 0, 0, 0, 3, 2, 1, 0]], dtype=float))[0] == 0
    assert corpus_chrf(np.zeros((1, CHRF_SUMS)))[0] == 0
    assert corpus_bleu(np.zeros((1, BLEU_SUMS)))[0] == 0


def test_chrf_by_hand() -> None:
    """One order only: 3 of 4 answer characters match 6 of the reference: P = 3/4, R = 1/2;
    F2 = 5 * P * R / (4 * P + R) = 1.875 / 3.5 = 53.57 %."""
    sums = np.zeros((1, CHRF_SUMS))
    sums[0, :3] = [4, 6, 3]
    assert corpus_chrf(sums)[0] == pytest.approx(53.571, abs=0.001)


@given(texts)
def test_bleu_and_chrf_equal_sacrebleu(pairs: list[tuple[list[str], list[str]]]) -> None:
    lines = [(" ".join(answer), " ".join(reference)) for answer, reference in pairs]
    answers, references = [answer for answer, _ in lines], [[ref for _, ref in lines]]
    bleu, chrf = BLEU(), CHRF()
    ours = corpus_bleu(rows_of(bleu, lines).sum(axis=0, keepdims=True))[0]
    assert ours == pytest.approx(bleu.corpus_score(answers, references).score, abs=1e-6)
    ours = corpus_chrf(rows_of(chrf, lines).sum(axis=0, keepdims=True))[0]
    assert ours == pytest.approx(chrf.corpus_score(answers, references).score, abs=1e-6)
