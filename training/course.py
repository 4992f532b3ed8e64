"""The course of a training run: from the newest checkpoint, or the start, to what it made."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from functools import partial

import torch

from training import checkpoints
from training.attempt import Attempt
from training.drift import Drift
from training.errors import InputError
from training.fitting import peak_bytes
from training.patience import Patience
from training.probing import Probe
from training.proving import Kept, prove_ends
from training.reporting import Reporter
from training.sampling import Sampler
from training.trainers import Watched
from training.utilisation import utilised_by


def train_watched(
    trainer: Watched,
    attempt: Attempt,
    *,
    evaluate: Callable[[], dict[str, float]],
    evaluate_every: int,
) -> dict[str, float]:
    """Train from the newest valid checkpoint, if there is one, to the end; write what it made.

    Raises:
        Interrupted: a stop was asked for; a checkpoint of the last step is kept.
        NonFinite: a loss or gradient was not a number.
    """
    prepared = trainer.prepared
    patience = Patience(prepared.model, evaluations=trainer.patience)
    if patience.is_on and not prepared.validation.used:
        raise InputError("Patience looks at validation rows, and there are none; set it to 0.")
    sampler = Sampler(attempt, prepared, trainer.asked()) if trainer.writes else None

    def sample(step: int) -> None:
        if sampler:
            prepared.by_first(lambda: sampler.tell(step))

    reporter = Reporter(
        attempt,
        patience=patience,
        evaluate=evaluate if prepared.validation.used else None,
        evaluate_every=evaluate_every,
        held=partial(peak_bytes, prepared.device),
        sample=sample,
        utilised=utilised_by(prepared),
    )
    trainer.add_callback(reporter)
    attempt.stop.check()
    probe = Probe(attempt, prepared, batch_size=trainer.batch_size)
    kept = Kept(attempt, trainer)
    drift = Drift(attempt, prepared) if trainer.prefers else None
    resumed = checkpoints.newest_valid(attempt.run_dir)
    patience.read(resumed)
    begun = time.monotonic()
    try:
        outcome = trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
    except torch.OutOfMemoryError as error:
        raise InputError(
            "The device's memory does not hold what is beside a batch (the optimizer, or an evaluation): "
            "take a smaller batch_size and as much more accumulation, or a smaller lora_rank. "
            f"{str(error).splitlines()[0]}",
            code="does_not_fit",
        ) from error
    seconds = time.monotonic() - begun
    attempt.stop.check()
    shutil.rmtree(prepared.unfinished, ignore_errors=True)
    patience.restore()
    if patience.is_on:
        sample(trainer.state.global_step)  # the best was another one
    forgotten = probe.compare(step=trainer.state.global_step)
    for found in attempt.world.gather(attempt.findings):
        attempt.take(found)
    step = trainer.state.global_step

    def finish() -> dict[str, float]:
        kept.write()
        proves = trainer.writes and trainer.ends
        ends = prove_ends(attempt, prepared, step=step) if proves else {}
        return ends | (drift.compare(step=step) if drift else {})

    ended = prepared.by_first(finish)
    if ended is None:
        return {}
    given = (prepared.train, prepared.validation, prepared.earlier, prepared.probe)
    lost = sum(len(each.left) for each in given)
    return {
        "train_loss": float(outcome.training_loss),
        "steps": float(trainer.state.global_step),
        "rows": float(len(prepared.train.used)),
        "rows_dropped": float(lost),
        "training_seconds": round(seconds, 3),
        "rows_at_once": float(min(trainer.parts.size, len(prepared.train.used))),
        "peak_bytes": float(peak_bytes(prepared.device)),
        **ended,
        **forgotten,
        **reporter.summary(),
    }
