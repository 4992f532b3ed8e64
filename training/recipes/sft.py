"""Supervised fine-tuning of an adapter: learn to give the completion.

Differs from TRL's defaults: rows too long are left out and never cut, only completions are learnt,
every completion ends with an end-of-sequence token, and a loss that is not a number ends the run.
By hand: write spec.json with {"recipe": "sft", "model": …, "inputs": {"train": …}}, then
`python -m training RUN_DIR`.
"""

from __future__ import annotations

from datasets import Dataset
from trl.trainer.sft_config import SFTConfig

from training.attempt import Attempt
from training.contract import SftOptions
from training.data import sft_columns
from training.preparation import prepare
from training.trainers import WatchedSft, train_watched, training_arguments


def run(attempt: Attempt) -> dict[str, float]:
    """Write artifacts/adapter."""
    options = SftOptions.of(attempt.spec.options)
    prepared = prepare(attempt, options, answers=["completion"])
    trainer = WatchedSft(
        model=prepared.model,
        args=SFTConfig(
            **training_arguments(attempt, options, prepared),
            dataset_kwargs={"skip_prepare_dataset": True},  # in token ids already
        ),
        train_dataset=Dataset.from_list(sft_columns(prepared.train.used)),
        processing_class=prepared.loaded.tokenizer,
    )

    def evaluate() -> dict[str, float]:
        """The mean over tokens, whatever the batch size."""
        logps = prepared.validation_logps("completion", batch_size=options.batch_size)
        tokens = sum(len(each.completions["completion"]) for each in prepared.validation.used)
        return {"eval_loss": -sum(logps) / tokens}

    return train_watched(
        trainer, attempt, prepared, evaluate=evaluate, evaluate_every=options.evaluate_every
    )
