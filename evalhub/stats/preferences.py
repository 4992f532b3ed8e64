"""How often a model agrees with people's preferences. Shapes: R pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def agreement(chosen_R: Floats, rejected_R: Floats) -> Floats:
    """1 where the chosen one scores higher, 0 where lower, ½ for a tie; the mean is the accuracy.

    >>> agreement(np.array([-1.0, -2.0, -3.0]), np.array([-2.0, -2.0, -1.0]))
    array([1. , 0.5, 0. ])
    """
    return (np.sign(chosen_R - rejected_R) + 1) / 2


def per_token(logp_R: Floats, tokens_R: Floats) -> Floats:
    """Mean log-probability per token in nats, so that long answers are not worse for being long.

    Returns:
        logp / tokens; NaN for an answer without tokens. −6 nats over 3 tokens gives −2.

    Source:
        Y. Meng, M. Xia, D. Chen, "SimPO: Simple Preference Optimization with a Reference-Free
        Reward", 2024, arXiv:2405.14734, equation 3.
    """
    mean_R: Floats = np.divide(
        logp_R, tokens_R, out=np.full(len(logp_R), np.nan), where=tokens_R > 0
    )
    return mean_R


def implicit_reward(logp_R: Floats, base_logp_R: Floats) -> Floats:
    """What DPO takes for a reward, up to its factor beta: how much likelier than under the base.

    Source:
        R. Rafailov et al., "Direct Preference Optimization", 2023, arXiv:2305.18290, section 4.
    """
    return logp_R - base_logp_R
