"""BLEU, chrF and TER of a whole set from sums over its rows. Shapes: B sets, K sums of one row each.

All are formulas over sums, not means of rows; so they can be resampled without the texts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BLEU_ORDERS = 4
BLEU_SUMS = 2 + 2 * BLEU_ORDERS
CHRF_ORDERS = 6
CHRF_SUMS = 3 * CHRF_ORDERS
CHRF_BETA = 2.0


def corpus_bleu(sums_BK: Floats) -> Floats:
    """BLEU-4, 0 to 100, with sacrebleu's default smoothing ("exp").

    Args:
        sums_BK: for each set the sums over its rows of [length of the answer, length of the
            reference, matching 1- to 4-grams, 1- to 4-grams of the answer], K = 10.

    Returns:
        One value per set. An answer equal to its reference of at least four words gives 100.

    Source:
        K. Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", ACL
        2002, section 2.3; smoothing: B. Chen, C. Cherry, "A Systematic Comparison of Smoothing
        Techniques for Sentence-Level BLEU", WMT 2014, method 3.
    """
    answer_B, reference_B = sums_BK[:, 0], sums_BK[:, 1]
    matches_BN, totals_BN = sums_BK[:, 2 : 2 + BLEU_ORDERS], sums_BK[:, 2 + BLEU_ORDERS :]
    misses_BN = np.cumsum(matches_BN == 0, axis=1)  # each order without a match halves once more
    smoothed_BN = np.where(matches_BN == 0, 0.5**misses_BN, matches_BN)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision_BN = np.where(totals_BN > 0, smoothed_BN / totals_BN, 0.0)
        log_mean_B = np.log(precision_BN).mean(axis=1)
        short_B = np.where(answer_B > 0, 1 - reference_B / answer_B, -np.inf)
    brevity_B = np.exp(np.minimum(short_B, 0.0))
    score_B = 100 * brevity_B * np.exp(log_mean_B)
    result_B: Floats = np.where(matches_BN.sum(axis=1) > 0, score_B, 0.0)
    return result_B


def corpus_chrf(sums_BK: Floats) -> Floats:
    """chrF2 over characters, 0 to 100, as sacrebleu computes it by default.

    Args:
        sums_BK: for each set the sums over its rows of [n-grams of the answer, n-grams of the
            reference, matching ones] for n = 1 to 6, K = 18.

    Returns:
        One value per set; equal texts of at least six characters give 100.

    Source:
        M. Popović, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015,
        section 2; precision and recall are averaged over the orders that both sides have.
    """
    table_BNK = sums_BK.reshape(len(sums_BK), CHRF_ORDERS, 3)
    answer_BN, reference_BN, match_BN = (table_BNK[:, :, column] for column in range(3))
    counts_BN = (answer_BN > 0) & (reference_BN > 0)
    orders_B = np.maximum(counts_BN.sum(axis=1), 1)
    precision_B = _share(match_BN, answer_BN, counts_BN).sum(axis=1) / orders_B
    recall_B = _share(match_BN, reference_BN, counts_BN).sum(axis=1) / orders_B
    factor = CHRF_BETA**2
    below_B = factor * precision_B + recall_B
    score_B = (1 + factor) * precision_B * recall_B
    result_B: Floats = 100 * np.divide(
        score_B, below_B, out=np.zeros(len(below_B)), where=below_B > 0
    )
    return result_B


def corpus_ter(sums_BK: Floats) -> Floats:
    """Edits for each word of the references, times 100; more than 100 where answers are much longer.

    Args:
        sums_BK: for each set the sums over its rows of [edits, words of the reference], K = 2.

    Returns:
        One value per set; NaN where all references are empty.

    Source:
        M. Snover et al., "A Study of Translation Edit Rate with Targeted Human Annotation", AMTA 2006.
    """
    edits_B, words_B = sums_BK[:, 0], sums_BK[:, 1]
    rate_B: Floats = 100 * np.divide(
        edits_B, words_B, out=np.full(len(words_B), np.nan), where=words_B > 0
    )
    return rate_B


def _share(part_BN: Floats, whole_BN: Floats, counts_BN: NDArray[np.bool_]) -> Floats:
    share_BN: Floats = np.divide(part_BN, whole_BN, out=np.zeros_like(part_BN), where=counts_BN)
    return share_BN
