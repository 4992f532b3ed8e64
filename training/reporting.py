"""What a training run tells while it goes: steps, evaluations, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from training import checkpoints
from training.attempt import Attempt, time_left
from training.patience import Patience
from training.watching import Watch

NOT_TOLD = {"num_tokens", "total_flos", "step"}


class Reporter(TrainerCallback):
    """Tells each step, evaluates, keeps checkpoints and stops when asked."""

    def __init__(
        self,
        attempt: Attempt,
        *,
        evaluate: Callable[[], dict[str, float]] | None,
        evaluate_every: int,
        patience: Patience,
        held: Callable[[], int],
        sample: Callable[[int], None],
        utilised: Callable[[float], dict[str, float]],
    ) -> None:
        """Args:
        held: says how many bytes of memory were held at once, at the most.
        sample: lets the model answer fixed prompts at a step, at each evaluation.
        utilised: the share of the device's peak that so many tokens a second are, where that is known.
        """
        self._attempt = attempt
        self._evaluate = evaluate
        self._every = evaluate_every
        self._patience = patience
        self._tokens = self._seconds_training = 0.0
        self._held, self._sample, self._watch = held, sample, Watch()
        self._utilised = utilised
        self.first: dict[str, float] = {}
        self.last_evaluation: dict[str, float] = {}

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._begun = time.monotonic()
        self._from = state.global_step
        self._patience.since = args.get_warmup_steps(state.max_steps)
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
        elif (done % self._every == 0 or done == total) and self._measure(done):
            # no checkpoint here: whoever went on from it would train past the end
            control.should_training_stop, control.should_save = True, False
            self._attempt.find("ended_early", f"at step {done} of {total}", step=done)

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        logs: dict[str, float] = kwargs["logs"]
        if "loss" not in logs:
            return  # the trainer's closing summary
        told = {name: float(value) for name, value in logs.items() if name not in NOT_TOLD}
        tokens = float(logs.get("num_tokens", 0.0))
        told["tokens_per_second"] = round((tokens - self._tokens) / self._step_seconds, 1)
        told |= self._utilised(told["tokens_per_second"])
        self._seconds_training += self._step_seconds
        self._tokens = tokens
        self.first = self.first or told
        told["memory_gb"] = round(self._held() / 1e9, 3)
        self._attempt.events.write("metrics", step=state.global_step, **told)
        for code, figures in self._watch.look(told):
            self._attempt.find(code, figures, step=state.global_step)

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        written = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        self._patience.write(written)
        kept = checkpoints.publish(written, self._attempt.run_dir, step=state.global_step)
        path = kept.relative_to(self._attempt.run_dir).as_posix()
        self._attempt.events.write("checkpoint", step=state.global_step, path=path)

    def summary(self) -> dict[str, float]:
        """For the result: the first loss (of a run that began here), the last evaluation, the speed of steps."""
        begun_here = {"first_loss": self.first["loss"]} if self.first and not self._from else {}
        seconds = self._seconds_training
        speed = {"tokens_per_second": round(self._tokens / seconds, 1)} if seconds else {}
        if speed:
            speed |= self._utilised(speed["tokens_per_second"])
        return {
            **begun_here,
            **self.last_evaluation,
            **self._patience.best,
            **speed,
            "tokens": self._tokens,
        }

    def _measure(self, step: int) -> bool:
        """Whether that was one evaluation too many without a better one."""
        if self._evaluate is None:
            return False
        self.last_evaluation = self._attempt.world.of_first(self._evaluate())
        self._attempt.events.write("metrics", step=step, **self.last_evaluation)
        self._sample(step)
        return self._patience.is_over(step, self.last_evaluation)
