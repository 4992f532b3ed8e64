"""Direct preference optimisation of an adapter: learn to prefer chosen to rejected.

Differs from the paper (Rafailov et al., arXiv:2305.18290) by default: a share of the likelihood of the
chosen answer is added (loss ["sigmoid", "sft"]), which keeps it from falling along with the rejected
one. The reference is the base, or the frozen copy of the adapter that is trained further; so without
the added share the first loss is ln 2. By hand: as the sft recipe, with rows of prompt, chosen and
rejected.
"""

from __future__ import annotations

import math

from datasets import Dataset
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.utils import use_adapter

from training.attempt import Attempt
from training.contract import DpoOptions
from training.data import dpo_columns
from training.metrics import share_won
from training.preparation import Prepared, prepare
from training.trainers import WatchedDpo, train_watched, training_arguments

ANSWERS = ("chosen", "rejected")


def run(attempt: Attempt) -> dict[str, float]:
    """Write artifacts/adapter."""
    options = DpoOptions.of(attempt.spec.options)
    prepared = prepare(attempt, options, answers=ANSWERS)
    trainer = WatchedDpo(
        model=prepared.model,
        args=DPOConfig(
            **training_arguments(attempt, options, prepared),
            beta=options.beta,
            loss_type=options.loss,
            loss_weights=options.loss_weights,
        ),
        train_dataset=Dataset.from_list(dpo_columns(prepared.train.used)),
        processing_class=prepared.loaded.tokenizer,
    )
    reference: dict[str, list[float]] = {}

    def evaluate() -> dict[str, float]:
        if not reference:
            continued = "ref" in prepared.model.peft_config
            with use_adapter(prepared.model, adapter_name="ref" if continued else None):
                reference.update(_logps(prepared, options))
        return _measured(prepared, _logps(prepared, options), reference, beta=options.beta)

    return train_watched(
        trainer, attempt, prepared, evaluate=evaluate, evaluate_every=options.evaluate_every
    )


def _logps(prepared: Prepared, options: DpoOptions) -> dict[str, list[float]]:
    return {
        name: prepared.validation_logps(name, batch_size=options.batch_size) for name in ANSWERS
    }


def _measured(
    prepared: Prepared,
    logps: dict[str, list[float]],
    reference: dict[str, list[float]],
    *,
    beta: float,
) -> dict[str, float]:
    """Means over validation pairs, log-probabilities per token; whatever the batch size."""
    pairs = prepared.validation.used
    gains = {
        name: [ours - theirs for ours, theirs in zip(logps[name], reference[name], strict=True)]
        for name in ANSWERS
    }
    margins = [beta * (c - r) for c, r in zip(gains["chosen"], gains["rejected"], strict=True)]
    tokens = {name: sum(len(each.completions[name]) for each in pairs) for name in ANSWERS}
    return {
        "eval_loss": sum(math.log1p(math.exp(-margin)) for margin in margins) / len(margins),
        "eval_margin": sum(margins) / len(margins),
        "eval_reward_accuracy": share_won(gains["chosen"], gains["rejected"]),
        "eval_chosen_logp": sum(logps["chosen"]) / tokens["chosen"],
        "eval_rejected_logp": sum(logps["rejected"]) / tokens["rejected"],
    }
