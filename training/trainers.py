"""TRL's trainers, watched: every row is known, nothing non-finite gets through, each step is told.

Shapes: B rows in a batch.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.sft_trainer import SFTTrainer

from training import checkpoints
from training.attempt import Attempt, time_left
from training.contract import DpoOptions, SftOptions
from training.errors import InputError, NonFinite
from training.models import save_adapter
from training.preparation import Prepared

# TRL's names, and ours on the page
METRICS = {
    "loss": "loss",
    "grad_norm": "grad_norm",
    "learning_rate": "learning_rate",
    "epoch": "epoch",
    "mean_token_accuracy": "token_accuracy",
    "chosen_logp": "chosen_logp",
    "rejected_logp": "rejected_logp",
    "rewards/margins": "margin",
    "rewards/accuracies": "reward_accuracy",
}
SAME_MARGIN = 1e-2  # nats; what rounding may make of two equal models


class Watched:
    """Goes before a TRL trainer: batches carry the numbers of their rows."""

    row_ids: list[str]
    _rows_of_step: Sequence[int] = ()

    def _set_signature_columns_if_needed(self) -> None:
        super()._set_signature_columns_if_needed()  # type: ignore[misc]
        columns: list[str] = self._signature_columns  # type: ignore[attr-defined]  # the trainer's
        if "row" not in columns:
            columns.append("row")

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """The artifact gets a card of ours."""

    def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        rows = inputs.pop("row").tolist()
        self._rows_of_step = [*self._rows_of_step, *rows]
        loss = super().compute_loss(model, inputs, *args, **kwargs)  # type: ignore[misc]
        self._demand_finite(loss.detach(), "loss", rows)
        return loss

    def _get_grad_norm(self, *args: Any, **kwargs: Any) -> Any:
        norm = super()._get_grad_norm(*args, **kwargs)  # type: ignore[misc]
        self._demand_finite(norm, "gradient", self._rows_of_step)  # before the optimizer spreads it
        self._rows_of_step = []
        return norm

    def _demand_finite(self, value: Any, what: str, rows: Sequence[int]) -> None:
        if value is None or math.isfinite(float(value)):
            return
        ids = ", ".join(self.row_ids[at] for at in rows)
        raise NonFinite(
            f"The {what} is not a number at step {self.state.global_step + 1}, on the rows {ids}. "  # type: ignore[attr-defined]
            "Look at these rows, or take a lower learning rate. The last checkpoint is kept."
        )


class WithRowNumbers:
    """Lets the number of each row through TRL's collator."""

    def __init__(self, collator: Callable[[list[dict[str, Any]]], dict[str, Any]]) -> None:
        self._collator = collator

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        return {**self._collator(rows), "row": torch.tensor([each["row"] for each in rows])}


class WatchedSft(Watched, SFTTrainer):
    """SFT on token ids of ours."""


class WatchedDpo(Watched, DPOTrainer):
    """DPO on token ids of ours, with log-probabilities per token."""

    def _prepare_dataset(self, dataset: Dataset, *args: Any, **kwargs: Any) -> Dataset:
        return dataset  # in token ids already

    def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        chosen_B, rejected_B = inputs["completion_mask"].sum(dim=1).chunk(2)
        loss = super().compute_loss(model, inputs, *args, **kwargs)
        found = self._metrics["train" if model.training else "eval"]
        for name, tokens_B in (("chosen", chosen_B), ("rejected", rejected_B)):
            per_token = found[f"logps/{name}"][-1] * len(tokens_B) / float(tokens_B.sum())
            found[f"{name}_logp"].append(per_token)
        margin = found["rewards/margins"][-1]
        if self.state.global_step == 0 and abs(margin) > SAME_MARGIN:
            raise RuntimeError(f"the reference is not the model we begin with: margin {margin}")
        return loss


class Reporter(TrainerCallback):
    """Tells each step, evaluates, keeps checkpoints and stops when asked."""

    def __init__(
        self,
        attempt: Attempt,
        *,
        evaluate: Callable[[], dict[str, float]] | None,
        evaluate_every: int,
    ) -> None:
        self._attempt = attempt
        self._evaluate = evaluate
        self._every = evaluate_every
        self._tokens = self._seconds_training = 0.0
        self.first: dict[str, float] = {}
        self.last_evaluation: dict[str, float] = {}

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._begun = time.monotonic()
        self._from = state.global_step
        self._every = self._every or max(1, math.ceil(state.max_steps / 10))
        self._measure(state.global_step)
        self._attempt.progress(state.global_step, state.max_steps, note="training")

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._step_begun = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._step_seconds = max(time.monotonic() - self._step_begun, 1e-9)
        done, total = state.global_step, state.max_steps
        left = (time.monotonic() - self._begun) / (done - self._from) * (total - done)
        self._attempt.progress(done, total, note=time_left(left) if done < total else "")
        if self._attempt.stop.requested:
            control.should_save = control.should_training_stop = True
        elif done % self._every == 0 or done == total:
            self._measure(done)

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        logs: dict[str, float] = kwargs["logs"]
        if "loss" not in logs:
            return  # the trainer's closing summary
        told = {ours: float(logs[theirs]) for theirs, ours in METRICS.items() if theirs in logs}
        tokens = float(logs.get("num_tokens", 0.0))
        told["tokens_per_second"] = round((tokens - self._tokens) / self._step_seconds, 1)
        self._seconds_training += self._step_seconds
        self._tokens = tokens
        self.first = self.first or told
        self._attempt.events.write("metrics", step=state.global_step, **told)

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        written = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        kept = checkpoints.publish(written, self._attempt.run_dir, step=state.global_step)
        path = kept.relative_to(self._attempt.run_dir).as_posix()
        self._attempt.events.write("checkpoint", step=state.global_step, path=path)

    def summary(self) -> dict[str, float]:
        """For the result: the first loss (of a run that began here), the last evaluation, the speed of steps."""
        begun_here = {"first_loss": self.first["loss"]} if self.first and not self._from else {}
        seconds = self._seconds_training
        speed = {"tokens_per_second": round(self._tokens / seconds, 1)} if seconds else {}
        return {**begun_here, **self.last_evaluation, **speed, "tokens": self._tokens}

    def _measure(self, step: int) -> None:
        if self._evaluate is not None:
            self.last_evaluation = self._evaluate()
            self._attempt.events.write("metrics", step=step, **self.last_evaluation)


def training_arguments(
    attempt: Attempt, options: SftOptions | DpoOptions, prepared: Prepared
) -> dict[str, Any]:
    """What SFTConfig and DPOConfig share."""
    device = prepared.device
    return {
        "output_dir": str(prepared.unfinished),
        "num_train_epochs": options.epochs,
        "max_steps": options.max_steps or -1,
        "per_device_train_batch_size": options.batch_size,
        "gradient_accumulation_steps": options.accumulation,
        "learning_rate": options.learning_rate,
        "lr_scheduler_type": options.schedule,
        "warmup_steps": options.warmup,  # below 1 a share of all steps
        "weight_decay": options.weight_decay,
        "max_length": None,  # rows that are too long are left out by us, never cut
        "seed": attempt.spec.seed,
        "data_seed": attempt.spec.seed,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # else a NaN is logged as 0.0 and training goes on
        "save_strategy": "steps",
        "save_steps": options.checkpoint_every or 0.1,  # below 1 a share of all steps
        "report_to": "none",
        "disable_tqdm": True,
        "push_to_hub": False,
        "use_cpu": device.is_cpu,
        "bf16": device.dtype == torch.bfloat16,
        "activation_checkpointing": prepared.recompute,
        "gradient_checkpointing": None,  # the old name, on by default in TRL; half as slow again
        "dataloader_pin_memory": not device.is_cpu,
        "dataloader_num_workers": 0,
    }


def train_watched(
    trainer: WatchedSft | WatchedDpo,
    attempt: Attempt,
    prepared: Prepared,
    *,
    evaluate: Callable[[], dict[str, float]],
    evaluate_every: int,
) -> dict[str, float]:
    """Train from the newest valid checkpoint, if there is one, to the end; write the adapter.

    Raises:
        Interrupted: a stop was asked for; a checkpoint of the last step is kept.
        NonFinite: a loss or gradient was not a number.
    """
    trainer.data_collator = WithRowNumbers(trainer.data_collator)
    trainer.row_ids = [each.row.id for each in prepared.train.used]
    reporter = Reporter(
        attempt,
        evaluate=evaluate if prepared.validation.used else None,
        evaluate_every=evaluate_every,
    )
    trainer.add_callback(reporter)
    attempt.stop.check()
    resumed = checkpoints.newest_valid(attempt.run_dir)
    begun = time.monotonic()
    try:
        outcome = trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
    except torch.OutOfMemoryError as error:
        raise InputError(
            "The device's memory does not hold a batch: take half the batch_size and twice the "
            f"accumulation, which trains the same. {str(error).splitlines()[0]}"
        ) from error
    seconds = time.monotonic() - begun
    attempt.stop.check()
    shutil.rmtree(prepared.unfinished, ignore_errors=True)
    save_adapter(prepared.model, attempt)
    lost = len(prepared.train.left) + len(prepared.validation.left)
    return {
        "train_loss": float(outcome.training_loss),
        "steps": float(trainer.state.global_step),
        "rows": float(len(prepared.train.used)),
        "rows_dropped": float(lost),
        "training_seconds": round(seconds, 3),
        **reporter.summary(),
    }
