"""Answer prompts: `n` completions each. The same spec gives the same answers.

By hand: {"recipe": "generate", "model": …, "inputs": {"prompts": …}, "options": {"n": 4}}.
"""

from __future__ import annotations

import time

from training.artifacts import write_rows
from training.attempt import Attempt, time_left
from training.contract import GenerateOptions
from training.data import demand_sane, encode_rows, settle
from training.device import choose_device
from training.generation import Decoding, answer_prompts
from training.models import attach_adapter, load_base
from training.rows import read_rows
from training.sampling import tell_sample

SHOWN = 3


def run(attempt: Attempt) -> dict[str, float]:
    """Write artifacts/completions.jsonl, in the order of the prompts."""
    options = GenerateOptions.of(attempt.spec.options)
    demand_sane(options)
    rows = read_rows(attempt.needed_input("prompts"), name="prompts", fields=("prompt",))
    loaded = load_base(attempt, choose_device(threads=options.threads))
    limit = loaded.positions - options.max_new_tokens
    prompts = encode_rows(
        rows, loaded, name="prompts", answers=(), limit=limit, beat=attempt.stop.check
    )
    settle(attempt, [prompts], allow_dropped=options.allow_dropped, limit=limit, needed="prompts")
    model = attach_adapter(loaded.model, attempt, trainable=False) if attempt.spec.adapter else loaded.model  # fmt: skip

    begun = time.monotonic()

    def beat(done: int, total: int) -> None:
        left = (time.monotonic() - begun) / done * (total - done)
        attempt.progress(done, total, note=time_left(left) if done < total else "")

    answers = answer_prompts(
        model, loaded, [each.prompt for each in prompts.used], n=options.n,
        how=Decoding(options.temperature, options.top_p, options.max_new_tokens),
        batch_size=options.batch_size, seed=attempt.spec.seed, stop=attempt.stop, beat=beat,
    )  # fmt: skip
    completions = [
        {"prompt": each.row.id, "index": index, "content": answer.content, "tokens": answer.tokens, "finish": answer.finish}
        for each, given in zip(prompts.used, answers, strict=True)
        for index, answer in enumerate(given)
    ]  # fmt: skip
    for each, (first, *_) in list(zip(prompts.used, answers, strict=True))[:SHOWN]:
        tell_sample(attempt, each, first.content, step=0)
    write_rows(attempt.artifacts / "completions.jsonl", completions)
    tokens = sum(answer.tokens for given in answers for answer in given)
    return {
        "completions": float(len(completions)),
        "prompts_left_out": float(len(prompts.left)),
        "stopped": sum(each["finish"] == "stop" for each in completions) / len(completions),
        "tokens": float(tokens),
        "tokens_per_second": round(tokens / max(time.monotonic() - begun, 1e-9), 1),
    }
