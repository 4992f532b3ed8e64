from __future__ import annotations

import numpy as np

from evalhub.stats.preferences import agreement, implicit_reward, per_token


def test_the_longer_answer_is_not_worse_for_being_long() -> None:
    """-6 over 3 tokens (-2 each) beats -5 over 2 (-2.5 each), though its sum is lower."""
    chosen, rejected = np.array([-6.0]), np.array([-5.0])
    by_token = agreement(per_token(chosen, np.array([3.0])), per_token(rejected, np.array([2.0])))
    assert by_token.tolist() == [1.0]
    assert agreement(chosen, rejected).tolist() == [0.0]


def test_a_tie_counts_half() -> None:
    assert agreement(np.array([-1.0]), np.array([-1.0])).tolist() == [0.5]


def test_an_answer_without_tokens_is_missing() -> None:
    assert np.isnan(per_token(np.array([0.0]), np.array([0.0])))[0]


def test_the_implicit_reward_is_what_training_added() -> None:
    """Chosen rose by 2 nats, rejected fell by 1: the adapter agrees though the base did not."""
    chosen = implicit_reward(np.array([-8.0]), np.array([-10.0]))
    rejected = implicit_reward(np.array([-6.0]), np.array([-5.0]))
    assert agreement(chosen, rejected).tolist() == [1.0]
