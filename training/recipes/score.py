"""Give completions the scores of a reward model.

By hand: {"recipe": "score", "model": …, "adapter": an artifact of the reward recipe,
"inputs": {"completions": …}}, rows of id, prompt and completion.
"""

from __future__ import annotations

from training.artifacts import write_rows
from training.attempt import Attempt
from training.contract import ScoreOptions
from training.data import demand_sane, encode_rows, room, settle
from training.device import choose_device
from training.errors import InputError
from training.models import JUDGES, attach_adapter, load_base
from training.reading import Reader
from training.rewarding import all_rewards
from training.rows import read_rows
from training.trees import Tree

INPUT = "completions"


def run(attempt: Attempt) -> dict[str, float]:
    """Write artifacts/scores.jsonl."""
    options = ScoreOptions.of(attempt.spec.options)
    demand_sane(options)
    if not attempt.spec.adapter:
        raise InputError("Scores need the adapter of a reward model; name one.")
    rows = read_rows(attempt.needed_input(INPUT), name=INPUT, fields=("prompt", "completion"))
    loaded = load_base(attempt, choose_device(threads=options.threads), kind=JUDGES)
    model = attach_adapter(loaded.model, attempt, trainable=False, kind=JUDGES)
    limit = room(loaded, options.max_length)
    encoded = encode_rows(
        rows, loaded, name=INPUT, answers=["completion"], limit=limit, beat=attempt.stop.check
    )
    settle(attempt, [encoded], allow_dropped=options.allow_dropped, limit=limit, needed=INPUT)
    reader = Reader(loaded)
    trees = [Tree(each.prompt, list(each.completions.values())) for each in encoded.used]
    reader.share_prompts([each.answered for each in encoded.used[:2]])
    done = 0

    def beat(more: int) -> None:
        nonlocal done
        done += more
        attempt.stop.check()
        attempt.progress(done, len(trees), note="scoring")

    told = all_rewards(reader, model, trees, batch_size=options.batch_size, beat=beat)
    scores = [score for (score,) in told]
    write_rows(
        attempt.artifacts / "scores.jsonl",
        ({"id": each.row.id, "score": score} for each, score in zip(encoded.used, scores, strict=True)),
    )  # fmt: skip
    return {"scores": float(len(scores)), "score_mean": sum(scores) / len(scores)}
