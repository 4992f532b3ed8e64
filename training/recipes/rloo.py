"""Reinforcement learning against a reward model, the last step of RLHF: answers are drawn, scored and compared.

To each prompt of a batch the model draws n answers at temperature 1. The reward model scores them, less
beta times how far the answer's log-probability lies above the one it began with; what an answer has over the
mean of the others is what its log-probability is raised by (REINFORCE, leave one out: RLOO). Answers are
used for the one step they were drawn for, so no ratio needs clipping. Differs from TRL: the
prompts of any build of answers will do, an answer that does not end within max_new_tokens loses cut_penalty,
and chance hangs on the seed, the step and the rows alone, so an attempt that goes on draws the same. By hand:
{"recipe": "rloo", "model": …, "adapter": …, "teacher": base of the reward model, "teacher_adapter": …}.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from trl.trainer.utils import disable_dropout_in_model

from training.attempt import Attempt
from training.contract import RlooOptions
from training.course import train_watched
from training.data import Encoded
from training.errors import InputError
from training.fitting import chance_kept
from training.generation import Answer, Decoding, answer_prompts
from training.losses import leave_one_out
from training.models import JUDGES
from training.preparation import Prepared, prepare
from training.reading import Answered
from training.rows import answers_in
from training.start import Start
from training.teacher import Teacher
from training.trainers import Watched

EVALUATED = 64  # validation prompts


@dataclass(frozen=True)
class Drawn:
    """Answers to prompts and what the reward model gives them; B prompts, C answers to each."""

    rows: list[Answered]
    reward_BC: Tensor  # less the penalty for not ending
    stopped: float  # share that ended
    tokens: float  # of an answer, mean


class Policy:
    """The model that is trained, the reward model, and how answers are drawn."""

    def __init__(self, attempt: Attempt, prepared: Prepared, options: RlooOptions) -> None:
        self._attempt, self._prepared, self._options = attempt, prepared, options
        self._judge = Teacher(attempt, prepared.loaded, kind=JUDGES)

    def draw(self, rows: Sequence[Encoded], *, n: int, temperature: float, chance: str) -> Drawn:
        """Answers of the model as it is now; the same `chance` draws the same."""
        prepared, options, model = self._prepared, self._options, self._prepared.model
        seed = int.from_bytes(hashlib.sha256(chance.encode()).digest()[:6], "big")
        was_training = model.training
        with chance_kept(prepared.device), prepared.reader.reading_plainly():
            answers = answer_prompts(
                model, prepared.loaded, [each.prompt for each in rows], n=n,
                how=Decoding(temperature, 1.0, options.max_new_tokens), batch_size=n * len(rows),
                seed=seed, stop=self._attempt.stop, beat=lambda done, total: None,
            )  # fmt: skip
        model.train(was_training)
        answered = [
            Answered(each.prompt, [list(one.ids) for one in given])
            for each, given in zip(rows, answers, strict=True)
        ]
        flat = [one for given in answers for one in given]
        return Drawn(
            rows=answered,
            reward_BC=self._rewards(rows, answers),
            stopped=sum(one.finish == "stop" for one in flat) / len(flat),
            tokens=sum(one.tokens for one in flat) / len(flat),
        )

    def _rewards(self, rows: Sequence[Encoded], answers: Sequence[Sequence[Answer]]) -> Tensor:
        """The judge reads every answer as if it had ended, as those were that it learnt from."""
        end = self._prepared.loaded.eos_ids[0]
        said = [[list(one.ids) if one.finish == "stop" else [*one.ids, end] for one in given] for given in answers]  # fmt: skip
        trees = [Answered(each.prompt, some).tree for each, some in zip(rows, said, strict=True)]
        cut_BC = torch.tensor([[float(one.finish == "length") for one in given] for given in answers])  # fmt: skip
        reward_BC = self._judge.rewards(trees)
        return reward_BC - self._options.cut_penalty * cut_BC.to(reward_BC.device)


class Reinforcing(Watched):
    """Costs an answer its log-probability, times how much worse it is than the others to its prompt."""

    prefers = True
    lost_in_parts = "; each part draws its answers by itself, so they are others"
    options: RlooOptions
    policy: Policy
    start: Start

    def cost(self, model: Any, rows: list[int], _tokens: Any) -> tuple[Any, dict[str, float]]:
        prepared, options = self.prepared, self.options
        chance = f"{self.args.seed} {self.state.global_step} {rows}"
        used = [prepared.train.used[at] for at in rows]
        drawn = self.policy.draw(used, n=options.n, temperature=1.0, chance=chance)
        with self.start.in_place() as then, torch.no_grad():
            began_BC = prepared.reader.logps(then, drawn.rows).sums_BC
        sums_BC = prepared.reader.logps(model, drawn.rows).sums_BC
        risen_BC = sums_BC.detach() - began_BC
        ahead_BC = leave_one_out(drawn.reward_BC - options.beta * risen_BC)
        return -(ahead_BC * sums_BC).mean(), {
            "reward": float(drawn.reward_BC.mean()),
            "reward_spread": float(drawn.reward_BC.std(dim=1).mean()),
            "kl_to_start": float(risen_BC.mean()),
            "answer_tokens": drawn.tokens,
            "answers_stopped": drawn.stopped,
        }

    def at_rest(self, rows: list[int]) -> dict[str, float]:
        """The model is what it began as."""
        return {"kl_to_start": 0.0}

    def tokens_of(self, row: int) -> int:
        """At most."""
        prompt = self.prepared.train.used[row].prompt
        return len(prompt) + self.options.n * self.options.max_new_tokens


def run(attempt: Attempt) -> dict[str, float]:
    """Write artifacts/adapter."""
    options = RlooOptions.of(attempt.spec.options)
    if not attempt.spec.teacher_adapter:
        raise InputError("rloo learns from what a reward model says: name one that the recipe reward made.")  # fmt: skip
    answers = answers_in(attempt.needed_input("train"))
    prepared = prepare(attempt, options, answers=answers, learns_answers=False)
    disable_dropout_in_model(prepared.model)
    _demand_room(prepared, options)
    trainer = Reinforcing(attempt, options, prepared)
    trainer.options, trainer.policy = options, Policy(attempt, prepared, options)
    trainer.start = Start(prepared.model)
    held_out = prepared.validation.used[:EVALUATED]

    def evaluate() -> dict[str, float]:
        """What the likeliest answers to validation prompts are given."""
        found = [
            trainer.policy.draw(some, n=1, temperature=0.0, chance="")
            for some in _batches(held_out, options.batch_size)
        ]
        reward = torch.cat([each.reward_BC for each in found]).mean()
        return {
            "eval_reward": float(reward),
            "eval_loss": -float(reward),
        }  # patience wants the least

    return train_watched(trainer, attempt, evaluate=evaluate, evaluate_every=options.evaluate_every)


def _batches(rows: Sequence[Encoded], size: int) -> list[Sequence[Encoded]]:
    return [rows[at : at + size] for at in range(0, len(rows), size)]


def _demand_room(prepared: Prepared, options: RlooOptions) -> None:
    most = prepared.loaded.positions - options.max_new_tokens
    rows = (*prepared.train.used, *prepared.validation.used)
    if long := [each.row.id for each in rows if len(each.prompt) > most]:
        raise InputError(
            f"{len(long)} of {len(rows)} prompts, such as {long[0]}, leave less than {options.max_new_tokens} tokens "
            "for an answer: take a smaller max_new_tokens, or leave such prompts out."
        )
