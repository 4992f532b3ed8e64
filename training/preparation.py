"""What every training recipe does before its first step."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.attempt import Attempt
from training.contract import DpoOptions, SftOptions
from training.data import Encoded, Sorted, demand_sane, encode_rows, room, settle
from training.device import Device, choose_device, needs_checkpointing
from training.metrics import completion_logps
from training.models import Loaded, attach_adapter, fresh_adapter, load_base
from training.rows import read_rows


@dataclass(frozen=True)
class Prepared:
    """A model with an adapter to train, and the rows to train it on."""

    loaded: Loaded
    model: Any  # a PeftModel
    train: Sorted
    validation: Sorted
    recompute: bool  # activations, because they do not fit
    unfinished: Path  # where the trainer writes before a checkpoint is whole

    @property
    def device(self) -> Device:
        return self.loaded.device

    def validation_logps(self, name: str, *, batch_size: int) -> list[float]:
        """Of the completion `name` of each validation row, with the adapter as it is now."""
        return completion_logps(
            self.model,
            [(each.prompt, each.completions[name]) for each in self.validation.used],
            device=self.device,
            pad_id=self.loaded.pad_id,
            batch_size=batch_size,
        )


def prepare(
    attempt: Attempt, options: SftOptions | DpoOptions, *, answers: Sequence[str]
) -> Prepared:
    """Read, check and encode the rows; load the model; put the adapter on it.

    Args:
        answers: the fields of a row that hold completions.

    Raises:
        InputError: a setting, a row or the model will not do; nothing was trained.
    """
    demand_sane(options)
    rows = {
        name: read_rows(path, name=name, fields=("prompt", *answers))
        for name in ("train", "validation")
        if (path := attempt.needed_input(name) if name == "train" else attempt.input(name))
    }
    device = choose_device(threads=options.threads)
    loaded = load_base(attempt, device)
    limit = room(loaded, options.max_length)
    inputs = {
        name: encode_rows(
            each, loaded, name=name, answers=answers, limit=limit, beat=attempt.stop.check
        )
        for name, each in rows.items()
    }
    settle(
        attempt,
        list(inputs.values()),
        allow_dropped=options.allow_dropped,
        limit=limit,
        needed="train",
    )
    if attempt.spec.adapter:
        model = attach_adapter(loaded.model, attempt, trainable=True)
    else:
        model = fresh_adapter(loaded.model, options, seed=attempt.spec.seed)
    unfinished = attempt.run_dir / "checkpoints" / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)  # what a killed attempt left
    tokens = _tokens_at_once(inputs["train"].used, options.batch_size, len(answers))
    return Prepared(
        loaded=loaded,
        model=model,
        train=inputs["train"],
        validation=inputs.get("validation", Sorted("validation")),
        recompute=needs_checkpointing(model, device, tokens=tokens),
        unfinished=unfinished,
    )


def _tokens_at_once(rows: Sequence[Encoded], batch_size: int, answers: int) -> int:
    return batch_size * answers * max(each.length for each in rows)
