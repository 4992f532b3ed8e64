"""A reward model on held-out pairs: what it gives both answers, and how often the chosen one gets more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from training.adapter_files import CONFIG, task_of
from training.artifacts import write_rows
from training.attempt import Attempt
from training.contract import EvaluateOptions
from training.data import encode_rows, room, settle
from training.device import choose_device
from training.errors import InputError
from training.metrics.pairs import share_won
from training.models import JUDGES, attach_adapter, load_base
from training.reading import Reader
from training.rewarding import all_rewards
from training.rows import Row

SIDES = ("chosen", "rejected")


def is_judge(attempt: Attempt) -> bool:
    """Whether the spec's adapter scores answers; one that is not there is refused where it is put on its base.

    Raises:
        InputError: its configuration cannot be read.
    """
    given = attempt.spec.adapter
    place = attempt.path(given)
    if not given or not (place / CONFIG).is_file():
        return False
    return bool(task_of(place, named=given) == JUDGES)


def measure_judge(
    attempt: Attempt, options: EvaluateOptions, rows: Mapping[str, Sequence[Row]]
) -> dict[str, float]:
    """Write artifacts/pairs.jsonl, rows of "chosen_reward" and "rejected_reward".

    Args:
        rows: by input; ties of people are left out already.

    Returns:
        `reward_accuracy`: how often chosen gets more, a tie counting one half. 3 of 4 pairs are 0.75.

    Raises:
        InputError: there is something else to measure, or no pairs: it writes no answers.
    """
    others = [name for name in rows if name != "pairs"]
    if others or options.harness or attempt.spec.teacher or not rows.get("pairs"):
        raise InputError(
            "A reward model writes no answers, so it is measured on pairs alone: give the input pairs, and "
            "neither texts, prompts, tasks of the harness nor another reward model."
        )
    loaded = load_base(attempt, choose_device(threads=options.threads), kind=JUDGES)
    model = attach_adapter(loaded.model, attempt, trainable=False, kind=JUDGES)
    limit = room(loaded, options.max_length)
    encoded = encode_rows(
        rows["pairs"], loaded, name="pairs", answers=SIDES, limit=limit, beat=attempt.stop.check
    )
    settle(attempt, [encoded], allow_dropped=options.allow_dropped, limit=limit, needed="pairs")
    used, reader, done = encoded.used, Reader(loaded), 0
    reader.share_prompts([each.answered for each in used[:2]])

    def beat(more: int) -> None:
        nonlocal done
        done += more
        attempt.stop.check()
        attempt.progress(done, len(used), note="scoring")

    trees = [each.answered.tree for each in used]
    found = all_rewards(reader, model, trees, batch_size=options.batch_size, beat=beat)
    write_rows(
        attempt.artifacts / "pairs.jsonl",
        (
            {"id": each.row.id, "group": each.row.group, "chosen_reward": chosen, "rejected_reward": rejected}
            for each, (chosen, rejected) in zip(used, found, strict=True)
        ),
    )  # fmt: skip
    chosen, rejected = ([each[side] for each in found] for side in (0, 1))
    return {"pairs": float(len(used)), "reward_accuracy": share_won(chosen, rejected)}
