"""The best of several answers, by a reward model. Imports torch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from training.attempt import Attempt
from training.data import encode_rows, room
from training.device import choose_device
from training.errors import InputError
from training.models import JUDGES, attach_adapter, load_base
from training.reading import Reader
from training.rewarding import all_rewards
from training.rows import Row
from training.trees import Tree

READ_AT_ONCE = 16  # answers


def rewarded(
    attempt: Attempt, rows: Sequence[Row], answers: Sequence[dict[str, Any]], *, threads: int
) -> list[dict[str, Any]]:
    """The answers, each with its "reward" by the spec's teacher; those that it cannot read without one,
    and told.

    Only differences between answers to one prompt mean something.

    Raises:
        InputError: it can read none.
    """
    spec = replace(attempt.spec, model=attempt.spec.teacher, adapter=attempt.spec.teacher_adapter)
    alone = replace(attempt, spec=spec, environment={})  # what a run stood on is its model
    loaded = load_base(alone, choose_device(threads=threads), kind=JUDGES)
    model = attach_adapter(loaded.model, alone, trainable=False, kind=JUDGES)
    by_id = {row.id: row for row in rows}
    asked = [
        replace(by_id[each["prompt"]], number=at, texts={**by_id[each["prompt"]].texts, "completion": each["content"]})
        for at, each in enumerate(answers)
    ]  # fmt: skip
    encoded = encode_rows(
        asked, loaded, name="answers", answers=["completion"], limit=room(loaded, 0),
        beat=attempt.stop.check,
    )  # fmt: skip
    if not encoded.used:
        raise InputError(
            "The reward model can read none of the answers: they are longer than it takes."
        )
    if encoded.left:
        told = f"{len(encoded.left)} of {len(answers)} answers"
        attempt.find("answers_unrewarded", told)
    reader = Reader(loaded)
    reader.share_prompts([each.answered for each in encoded.used[:2]])
    trees = [Tree(each.prompt, list(each.completions.values())) for each in encoded.used]
    rewards = all_rewards(
        reader, model, trees, batch_size=READ_AT_ONCE, beat=lambda done: attempt.stop.check()
    )
    found = {each.row.number: reward for each, (reward,) in zip(encoded.used, rewards, strict=True)}
    return [
        {**each, "reward": found[at]} if at in found else {**each} for at, each in enumerate(answers)
    ]  # fmt: skip


def best_of(answers: Sequence[dict[str, Any]], *, best: int) -> list[dict[str, Any]]:
    """At most `best` of each prompt's answers by one model, the most rewarded; ties go to the first. Order stays.

    What has no reward is left out.
    """
    by_prompt: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for each in answers:
        if "reward" in each:
            by_prompt[each.get("model", ""), each["prompt"]].append(each)
    kept = {
        (*prompt, each["index"])
        for prompt, some in by_prompt.items()
        for each in sorted(some, key=lambda one: -one["reward"])[:best]
    }
    return [
        each for each in answers if (each.get("model", ""), each["prompt"], each["index"]) in kept
    ]
