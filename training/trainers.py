"""The training loop of transformers, watched: every row is known, nothing non-finite gets through.

A batch is the numbers of its rows; a recipe says what they cost.
"""

from __future__ import annotations

import hashlib
import math
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from transformers import Trainer, TrainingArguments

from training.attempt import Attempt
from training.contract import TrainOptions
from training.data import Encoded
from training.errors import NonFinite
from training.fitting import Parts
from training.judged import token_weights
from training.preparation import Prepared
from training.shrinking import Shrinking
from training.trying import try_longest
from training.world import World


class Watched(Trainer):
    """Calls `cost` on the rows of each batch."""

    weighs_tokens = False  # whether a step is the mean over its tokens, and not over its rows
    writes = True  # answers; else it is no use to ask it for some
    ends = True  # them; what goes on from a document need not
    prefers = False  # answers to others, and may go far from where it began for it
    lost_in_parts = ""  # what a step loses where its batch is read in parts

    def __init__(self, attempt: Attempt, options: TrainOptions, prepared: Prepared) -> None:
        self.prepared = prepared
        self.world: World = attempt.world
        self.patience, self.batch_size = options.patience, options.batch_size
        self._lora_plus = options.lora_plus
        self.row_ids = [each.row.id for each in prepared.train.used]
        self._rows_of_step: list[int] = []
        self._told: dict[str, list[float]] = defaultdict(list)
        self._tokens_read = 0
        self._told_of_parts: list[tuple[float, dict[str, Any]]] = []
        self._losses: list[tuple[Any, list[int]]] = []
        self._share = 1.0  # of the rows of a batch, that is read now; 0: for nothing
        self._attempt, self._is_tried = attempt, False
        self.parts = Parts(
            options.batch_size, shrunk=self._tell_shrunk, may_shrink=not self.world.in_step
        )
        super().__init__(
            model=prepared.model,
            args=TrainingArguments(**training_arguments(attempt, options, prepared)),
            train_dataset=[{"row": at} for at in range(len(self.row_ids))],  # a list will do
            data_collator=self._collate,
            processing_class=prepared.loaded.tokenizer,
        )
        self.model_accepts_loss_kwargs = self.weighs_tokens
        self.add_callback(Shrinking(prepared.model, options))

    @abstractmethod
    def cost(self, model: Any, rows: list[int], tokens_of_step: Any) -> tuple[Any, dict[str, Any]]:
        """The loss on those rows, and what else to tell of them, in numbers or tensors of one: an accelerator is
        not waited for before it has been given the backward pass.

        Args:
            tokens_of_step: how many tokens all batches of this step learn; None unless `weighs_tokens`.
        """

    def learnt_tokens(self, row: int) -> list[int]:
        """Those of a row that are learnt; asked for only where a step is the mean over them."""
        raise NotImplementedError  # not abstract: a trainer whose step is a mean over rows has none

    def token_weights(self, weights: str) -> Any:
        """N: how much a token of each training row counts in the mean; see `training.judged`."""
        rows = [each.row for each in self.prepared.train.used]
        tokens = [len(self.learnt_tokens(at)) for at in range(len(rows))]
        return torch.tensor(token_weights(rows, tokens, weights))

    def tokens_of(self, row: int) -> int:
        """How many the model reads of a row."""
        return self.prepared.train.used[row].length

    def at_rest(self, rows: list[int]) -> dict[str, float]:
        """What is told of those rows while nothing is learnt, by arithmetic: "loss" and what else is known."""
        return {}

    def asked(self) -> list[Encoded]:
        """Rows whose prompts are answered while it learns; nothing learns from them."""
        return self.prepared.validation.used

    def outputs(self, rows: Sequence[Encoded]) -> list[list[float]]:
        """What the model says of rows, a number for each completion; to compare it with another by."""
        answered = [each.answered for each in rows]
        return self.prepared.reader.all_logps(self.prepared.model, answered, batch_size=len(rows))

    def training_step(
        self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None
    ) -> Any:
        """Try the longest batch before the first one; then read this process' share of the batch."""
        if not self._is_tried:
            self._is_tried = True
            try_longest(self, self._attempt, model)
        rows = inputs["row"].tolist()
        self._draw_apart()
        mine = self.world.share(rows)
        loss = self.in_parts(model, mine, num_items_in_batch, batch=rows)
        loss = self._of_all(loss, mine)
        for name, value in self.told_of_batch().items():
            self._told[name].append(value)
        self._rows_of_step += rows
        self._tokens_read += sum(map(self.tokens_of, rows))
        return loss

    def in_parts(self, model: Any, rows: list[int], tokens: Any, *, batch: list[int]) -> Any:
        """The share of those rows in the loss of a batch, and in its gradients.

        Processes are in step where each has a part of the base: who has no row then reads one for nothing.
        """

        def part(some: list[int]) -> Any:
            if some[0] == rows[0]:
                self._told_of_parts = []  # the batch is begun, maybe once more
            self._share = len(some) / len(batch)
            step = super(Watched, self).training_step
            return step(model, {"row": torch.tensor(some)}, tokens)

        loss = self.parts.step(model, rows, part) if rows else 0.0
        if not rows and self.world.in_step:
            self._share = 0.0
            idle = min(batch, key=self.tokens_of)
            super().training_step(model, {"row": torch.tensor([idle])}, tokens)
            self._told_of_parts, self._losses = [], []
        losses, self._losses = self._losses, []
        for each, some in losses:
            self._demand_finite(each, "loss", some)
        return loss

    def _draw_apart(self) -> None:
        """Dropout differs between processes, and is the same again for an attempt that goes on."""
        if self.world.size > 1:
            chance = f"{self.args.seed} {self.state.global_step} {self.world.rank}"
            torch.manual_seed(int.from_bytes(hashlib.sha256(chance.encode()).digest()[:6], "big"))

    def _of_all(self, loss: Any, mine: list[int]) -> Any:
        """The loss of the whole batch; what every process has to tell of its share is told."""
        if self.world.size == 1:
            return loss
        parts = self._told_of_parts if mine else []
        known = [
            (size, {name: float(value) for name, value in part.items()}) for size, part in parts
        ]
        told = self.world.gather((float(loss), known))
        self._told_of_parts = [part for _, parts in told for part in parts]
        return torch.tensor(sum(each for each, _ in told), device=self.args.device)

    def _clip_grad_norm(self, model: Any) -> Any:
        """The step is that of all processes."""
        self.world.add_gradients(model.parameters())
        return super()._clip_grad_norm(model)

    def told_of_batch(self) -> dict[str, float]:
        """Means over its parts, each by its rows."""
        found = {}
        for name in dict.fromkeys(name for _, told in self._told_of_parts for name in told):
            known = [
                (size, float(told[name])) for size, told in self._told_of_parts if name in told
            ]
            found[name] = sum(size * value for size, value in known) / sum(
                size for size, _ in known
            )
        return found

    def compute_loss(self, model: Any, inputs: dict[str, Any], *_: Any, **known: Any) -> Any:
        rows = inputs["row"].tolist()
        loss, told = self.cost(model, rows, known.get("num_items_in_batch"))
        self._told_of_parts.append((float(len(rows)), told))
        self._losses.append((loss.detach(), rows))
        return loss * (float(self._share > 0) if self.weighs_tokens else self._share)

    def _tell_shrunk(self, before: int, now: int, said: str) -> None:
        told = (
            f"{now} rows at once instead of {before}; batch_size and accumulation stay as they are"
        )
        step = self.state.global_step + 1
        self._attempt.find("smaller_parts", f"{told}{self.lost_in_parts} ({said})", step=step)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """With a higher rate for B of each adapter's product BA: Hayou et al., arXiv:2402.12354."""
        if self.optimizer is not None:
            return self.optimizer
        optimizer = super().create_optimizer(model)
        if self._lora_plus == 1:
            return optimizer
        quick = {
            id(each) for name, each in self.prepared.model.named_parameters() if "lora_B" in name
        }
        for group in list(optimizer.param_groups):
            parts = {is_b: [each for each in group["params"] if (id(each) in quick) == is_b] for is_b in (True, False)}  # fmt: skip
            group["params"] = parts[False]
            optimizer.add_param_group({**group, "params": parts[True], "lr": group["lr"] * self._lora_plus})  # fmt: skip
        return optimizer

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        logs |= {name: sum(values) / len(values) for name, values in self._told.items()}
        self._told.clear()
        super().log({**logs, "num_tokens": float(self._tokens_read)}, start_time)

    def _collate(self, rows: list[dict[str, int]]) -> dict[str, Any]:
        batch = {"row": torch.tensor([each["row"] for each in rows])}
        if self.weighs_tokens:
            learnt = [token for each in rows for token in self.learnt_tokens(each["row"])]
            batch |= dict.fromkeys(("labels", "shift_labels"), torch.tensor(learnt))
        return batch

    def _get_grad_norm(self, *args: Any, **kwargs: Any) -> Any:
        norm = super()._get_grad_norm(*args, **kwargs)
        self._demand_finite(norm, "gradient", self._rows_of_step)  # before the optimizer spreads it
        self._rows_of_step = []
        return norm

    def _demand_finite(self, value: Any, what: str, rows: Sequence[int]) -> None:
        if value is None or math.isfinite(float(value)):
            return
        ids = ", ".join(self.row_ids[at] for at in rows)
        raise NonFinite(
            f"The {what} is not a number at step {self.state.global_step + 1}, on the rows {ids}. "
            "Look at these rows, or take a lower learning rate. The last checkpoint is kept."
        )


def training_arguments(
    attempt: Attempt, options: TrainOptions, prepared: Prepared
) -> dict[str, Any]:
    """What every recipe shares."""
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
        "seed": attempt.spec.seed,
        "data_seed": attempt.spec.seed,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # else a NaN is logged as 0.0 and training goes on
        "save_strategy": "steps" if attempt.world.is_first else "no",
        "save_steps": options.checkpoint_every or 0.1,  # below 1 a share of all steps
        "report_to": "none",
        "disable_tqdm": True,
        "push_to_hub": False,
        "use_cpu": device.is_cpu,
        "bf16": device.dtype == torch.bfloat16,
        "activation_checkpointing": prepared.recompute,
        "remove_unused_columns": False,
        "dataloader_pin_memory": not device.is_cpu,
        "dataloader_num_workers": 0,
    }
