"""What a pair costs: TRL's numbers where everybody agrees, and what follows where people do not."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from training.losses import PAIR_LOSSES, Gains, kto_loss, pair_loss, reward_loss

pytestmark = pytest.mark.slow

LENGTHS = ([5, 3, 7, 4], [6, 2, 2, 9])


def logps(seed: int) -> tuple[Tensor, Tensor]:
    """Of the tokens of four chosen and four rejected answers, zero after their ends; and the mask."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.tensor(LENGTHS).flatten()
    mask = torch.arange(9)[None] < lengths[:, None]
    return -torch.rand(8, 9, generator=generator) * mask * 5, mask


def of_trl(name: str, *, smoothing: float = 0.1, beta: float = 0.3) -> float:
    """What TRL's own `_compute_loss` makes of these log-probabilities."""
    from trl.trainer.dpo_trainer import DPOTrainer

    ours, mask = logps(1)
    reference, _ = logps(2)
    ids = torch.zeros(8, 10, dtype=torch.long)
    outputs = SimpleNamespace(log_probs=ours, entropy=ours, mean_logits=ours, is_top1=mask)
    alone = SimpleNamespace(device="cpu", gather=lambda x: x, gather_for_metrics=lambda x: x)
    ref_chosen, ref_rejected = reference.sum(1).chunk(2)
    trainer = SimpleNamespace(
        model=SimpleNamespace(training=True), accelerator=alone, aux_loss_enabled=False, ld_alpha=None,
        precompute_ref_logps=True, f_divergence_type="reverse_kl", loss_types=[name], loss_weights=[1.0],
        beta=beta, label_smoothing=smoothing, use_weighting=False, _total_train_tokens=0, _tp_size=1,
        _metrics={"train": __import__("collections").defaultdict(list)},
    )  # fmt: skip
    completion = torch.cat([torch.zeros(8, 1, dtype=torch.bool), mask], dim=1)
    inputs = {"input_ids": ids, "attention_mask": ids, "completion_mask": completion.long(), "ref_chosen_logps": ref_chosen, "ref_rejected_logps": ref_rejected}  # fmt: skip
    loss = DPOTrainer._compute_loss(trainer, lambda **_: outputs, inputs, return_outputs=False)  # type: ignore[arg-type]
    return float(loss)


def of_ours(name: str, **known: Any) -> float:
    ours, _ = logps(1)
    reference, _ = logps(2)
    gains = Gains(*(ours - reference).sum(1).chunk(2), *map(torch.tensor, LENGTHS))
    given = {"p_chosen_B": torch.ones(4), "weight_B": torch.ones(4), "smoothing": 0.1, **known}
    return float(
        pair_loss(
            gains, chosen_logps_B=ours.sum(1)[:4], losses=[name], shares=[1.0], beta=0.3, **given
        )
    )


@pytest.mark.parametrize("name", [*PAIR_LOSSES, "sft"])
def test_where_all_agree_it_is_trls(name: str) -> None:
    assert of_ours(name) == pytest.approx(of_trl(name), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", PAIR_LOSSES)
def test_a_split_vote_is_the_mean_of_both_orders(name: str) -> None:
    """Three of four prefer chosen: 0.75 of the loss of the pair and 0.25 of that of the pair swapped."""
    ours, _ = logps(1)
    reference, _ = logps(2)
    gains = Gains(*(ours - reference).sum(1).chunk(2), *map(torch.tensor, LENGTHS))
    of_pair = PAIR_LOSSES[name]
    by_hand = 0.75 * of_pair(gains, 0.3, 0.1) + 0.25 * of_pair(gains.swapped(), 0.3, 0.1)
    told = of_ours(name, p_chosen_B=torch.full((4,), 0.75))
    assert told == pytest.approx(float(by_hand.mean()), abs=1e-6)
    assert told != pytest.approx(of_ours(name), abs=1e-3)


def test_the_gradient_of_a_split_vote() -> None:
    """d/dm of -(p log s(bm) + (1 - p) log s(-bm)) is -b (p - s(bm)): by hand for b = 0.1, p = 0.7, m = 2.

    s(0.2) = 0.549834, so the gradient is -0.1 · (0.7 - 0.549834) = -0.0150166.
    """
    margin = torch.tensor([2.0], requires_grad=True)
    none, one = torch.zeros(1), torch.ones(1)
    gains = Gains(margin, none, one, one)
    loss = pair_loss(gains, p_chosen_B=torch.tensor([0.7]), weight_B=one, chosen_logps_B=none, losses=["sigmoid"], shares=[1.0], beta=0.1)  # fmt: skip
    loss.backward()
    assert margin.grad is not None
    assert float(margin.grad) == pytest.approx(-0.0150166, abs=1e-7)


@pytest.mark.parametrize("name", ["sigmoid", "robust", "ipo", "sigmoid_norm", "hinge"])
def test_a_tie_pulls_nowhere_at_no_margin(name: str) -> None:
    better = torch.zeros(3, requires_grad=True)
    none, one = torch.zeros(3), torch.ones(3)
    gains = Gains(better, none, one, one)
    pair_loss(gains, p_chosen_B=0.5 * one, weight_B=one, chosen_logps_B=none, losses=[name], shares=[1.0], beta=0.1).backward()  # fmt: skip
    assert better.grad is not None
    assert better.grad.abs().max() < 1e-7


def test_a_weight_of_two_is_the_pair_twice() -> None:
    """Weights 2, 0, 1, 1 have the mean 1: the loss is (2·l0 + l2 + l3) / 4."""
    alone = [of_ours("sigmoid", weight_B=torch.eye(4)[at]) for at in range(4)]
    told = of_ours("sigmoid", weight_B=torch.tensor([2.0, 0.0, 1.0, 1.0]))
    assert told == pytest.approx(2 * alone[0] + alone[2] + alone[3], abs=1e-6)


def test_kto_is_one_half_where_nothing_has_moved() -> None:
    none, one = torch.zeros(2), torch.ones(2)
    good = torch.tensor([True, False])
    assert float(kto_loss(none, none, good_B=good, weight_B=one, beta=0.1)) == 0.5


def test_kto_by_hand() -> None:
    """Gains 3 (good) and 2 (bad), others' 1 and 3, beta 1: the point is 2, and no gain below it counts.

    1 - s(1·(3 - 2)) = 0.268941 and 1 - s(-1·(2 - 2)) = 0.5, whose mean is 0.384471.
    """
    gains, others = torch.tensor([3.0, 2.0]), torch.tensor([1.0, 3.0])
    good = torch.tensor([True, False])
    told = kto_loss(gains, others, good_B=good, weight_B=torch.ones(2), beta=1.0)
    assert float(told) == pytest.approx(0.3844707, abs=1e-6)


def test_equal_rewards_cost_ln_2_and_a_margin_more() -> None:
    """With a margin of 1 the gap 0 costs log(1 + e) = 1.313262."""
    none, one = torch.zeros(1), torch.ones(1)
    assert float(reward_loss(none, p_chosen_B=0.7 * one, weight_B=one, margin_B=none)) == pytest.approx(math.log(2))  # fmt: skip
    told = reward_loss(none, p_chosen_B=one, weight_B=one, margin_B=one)
    assert float(told) == pytest.approx(1.313262, abs=1e-6)
