"""Putting tasks to the model that is loaded, as lm-evaluation-harness itself asks: its prompts, its scoring."""

from __future__ import annotations

import random
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from lm_eval.defaults import DEFAULT_OTHER_SEED, DEFAULT_RANDOM_SEED
from lm_eval.evaluator import evaluate
from lm_eval.models.huggingface import HFLM

from training.contract import EvaluateOptions
from training.errors import InputError, Interrupted
from training.harness.wanted import Wanted
from training.models import Loaded
from training.stopping import Stop

Told = Callable[[int, int], None]  # requests answered, of so many that are known


@dataclass(frozen=True)
class Answered:
    """What the harness gives back, and how many of the requests lost their beginning."""

    results: dict[str, Any]
    cut: int
    requests: int


def ask(
    wanted: Wanted,
    model: Any,
    loaded: Loaded,
    *,
    options: EvaluateOptions,
    limit: int,
    stop: Stop,
    beat: Told,
) -> Answered:
    """Measure the tasks, with the seeds that the harness has by itself.

    Args:
        model: the base, or with its adapter.
        limit: tokens that a request may have; of a longer one the end is read, as the harness does.

    Raises:
        InputError: a task fails while it is asked or scored.
        Interrupted: a stop was asked for; it is noticed each time the model reads.
    """
    asked = Model(model, loaded, batch_size=options.batch_size, limit=limit, beat=beat)
    random.seed(DEFAULT_RANDOM_SEED)
    np.random.seed(DEFAULT_OTHER_SEED)
    torch.manual_seed(DEFAULT_OTHER_SEED)
    try:
        with _stopping(model, stop):
            results = evaluate(
                lm=asked,
                task_dict={"tasks": wanted.tasks, "groups": wanted.groups},
                limit=wanted.limit,
                bootstrap_iters=0,  # `telling` draws by itself
                apply_chat_template=options.harness_chat,
                fewshot_as_multiturn=options.harness_chat,
            )
    except (InputError, Interrupted):
        raise
    except Exception as error:  # somebody else's task may raise anything; the log has it whole
        traceback.print_exc()
        told = (str(error).splitlines() or [""])[0]
        raise InputError(
            f"lm-evaluation-harness failed on {', '.join(wanted.tasks)} ({type(error).__name__}: {told}); the "
            "log tells where. Mend the task, or leave it out."
        ) from error
    return Answered(results, asked.cut, asked.known)


class Model(HFLM):
    """The harness's view of a model that is loaded, which tells how far it is and what it cuts."""

    def __init__(
        self, model: Any, loaded: Loaded, *, batch_size: int, limit: int, beat: Told
    ) -> None:
        super().__init__(
            pretrained=model,
            tokenizer=loaded.tokenizer,
            batch_size=batch_size,
            max_length=limit,
            softmax_dtype="float32",  # sums of 16-bit logs are too coarse to tell choices apart
        )
        self.cut = self.done = self.known = 0
        self.cache_hook = self  # what a request got is told there as soon as it is known
        self._beat = beat

    def add_partial(self, attr: str, req: Any, res: Any) -> None:
        self.done += 1
        self._beat(self.done, self.known)

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> Any:  # noqa: FBT001, FBT002
        self.known += len(requests)
        return super().loglikelihood(requests, disable_tqdm=True)

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> Any:  # noqa: FBT001, FBT002
        self.known += len(requests)
        return super().loglikelihood_rolling(requests, disable_tqdm=True)

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> Any:  # noqa: FBT001, FBT002
        self.known += len(requests)
        return super().generate_until(requests, disable_tqdm=True)

    def _loglikelihood_tokens(self, requests: Any, *args: Any, **kwargs: Any) -> Any:
        room = self.max_length + 1  # the last token is foretold, not read
        self.cut += sum(len(context) + len(said) > room for _, context, said in requests)
        return super()._loglikelihood_tokens(requests, *args, **kwargs | {"disable_tqdm": True})

    def tok_batch_encode(
        self, strings: list[str], padding_side: str = "left",
        left_truncate_len: int | None = None, truncation: bool = False,  # noqa: FBT001, FBT002
    ) -> tuple[torch.Tensor, torch.Tensor]:  # fmt: skip
        """Like the harness's, and those are counted that are too long."""
        ids_BT, mask_BT = super().tok_batch_encode(
            strings, padding_side=padding_side, truncation=truncation
        )
        if left_truncate_len is None:
            return ids_BT, mask_BT
        self.cut += int((mask_BT.sum(dim=1) > left_truncate_len).sum())
        return ids_BT[:, -left_truncate_len:], mask_BT[:, -left_truncate_len:]


@contextmanager
def _stopping(model: Any, stop: Stop) -> Iterator[None]:
    """Look for a stop at each reading; the embeddings are read whichever way the model is called."""
    hook = model.get_input_embeddings().register_forward_pre_hook(lambda *_: stop.check())
    try:
        yield
    finally:
        hook.remove()
