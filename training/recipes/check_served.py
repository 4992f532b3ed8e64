"""Ask the server that is said to serve an adapter, and compare with what the adapter answers here.

Servers are known to leave an adapter out in silence (vLLM issue 34186), or to write prompts in another template. So
the same prompts are answered greedily by the server, by adapter and base here, and by the base alone. Precision lets
long answers part late: what counts is how they begin, the first 16 tokens. What the server says it has read of a prompt
is compared with what our template makes of it.
By hand: {"recipe": "check_served", "model": …, "adapter": …, "endpoint": …, "inputs": {"prompts": …}}.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from training.artifacts import write_rows
from training.attempt import Attempt
from training.backends import Asked, Setting
from training.backends.server import ServerBackend, storable
from training.contract import CheckServedOptions, GenerateOptions
from training.data import Encoded, demand_sane, encode_rows, settle
from training.device import choose_device
from training.errors import InputError
from training.generation import Answer, Decoding, answer_prompts
from training.ledger import Ledger
from training.models import Loaded, attach_adapter, load_base
from training.rows import Row, read_rows

FIRST = 16  # tokens of an answer that have to be alike
ALIKE = 0.9  # of the prompts: precision may part two of twenty that early
TOO_LONG = "a prompt that is too long is not compared"
GREEDILY = Setting(temperature=0.0, top_p=1.0)


def run(attempt: Attempt) -> dict[str, float]:
    """Write artifacts/served.jsonl, a row for each prompt."""
    options = CheckServedOptions.of(attempt.spec.options)
    demand_sane(options)
    if not attempt.spec.adapter:
        raise InputError("A check of what is served needs an adapter; name one.")
    if not attempt.spec.endpoint:
        raise InputError("A check of what is served needs an endpoint; name one.")
    rows = read_rows(attempt.needed_input("prompts"), name="prompts", fields=("prompt",))
    served = _served(attempt, options, rows)  # first: a server that is not there costs no loading

    loaded = load_base(attempt, choose_device(threads=options.threads))
    limit = loaded.positions - options.max_new_tokens
    asked = [row for row in rows if row.id in served]
    prompts = encode_rows(
        asked, loaded, name="prompts", answers=(), limit=limit, beat=attempt.stop.check
    )
    settle(attempt, [prompts], allow_dropped=TOO_LONG, limit=limit, needed="prompts")
    model = attach_adapter(loaded.model, attempt, trainable=False)
    adapted = _answers(attempt, options, model, loaded, prompts.used, note="the adapter answers")
    with model.disable_adapter():
        plain = _answers(attempt, options, model, loaded, prompts.used, note="the base answers")

    compared = [
        _compared(loaded, each, ours, base, served[each.row.id])
        for each, ours, base in zip(prompts.used, adapted, plain, strict=True)
    ]
    write_rows(attempt.artifacts / "served.jsonl", compared)
    return _told(attempt, compared)


def _served(
    attempt: Attempt, options: CheckServedOptions, rows: Sequence[Row]
) -> dict[str, dict[str, Any]]:
    """What the server answers, by prompt; those that it refuses are told and left out."""
    how = GenerateOptions(temperature=0.0, max_new_tokens=options.max_new_tokens)
    asked = [Asked(row, 0, 0, GREEDILY, attempt.spec.seed) for row in rows]
    backend, ledger = ServerBackend(attempt, how, rows), Ledger(attempt.run_dir)
    try:
        backend.go_on_from(ledger)
        missing = [each for each in asked if each.key not in ledger.known]
        for written in backend.write(missing, attempt.stop):
            ledger.add(written.asked.key, written.as_json())
            attempt.progress(len(ledger.known), len(rows), note="the server answers")
    finally:
        backend.close()
        ledger.close()
    found = {each.row.id: ledger.known[each.key] for each in asked}
    refused = {name: each for name, each in found.items() if each["finish"] == "refused"}
    if refused:
        first, why = next((name, each["why"]) for name, each in refused.items())
        told = f"{len(refused)} of {len(found)} answers were refused, the first to {first}: {why}"
        if len(refused) == len(found):
            raise InputError(f"{told} Nothing can be compared.")
        attempt.find("answers_refused", told)
    return {name: each for name, each in found.items() if name not in refused}


def _answers(
    attempt: Attempt,
    options: CheckServedOptions,
    model: Any,
    loaded: Loaded,
    prompts: Sequence[Encoded],
    *,
    note: str,
) -> list[Answer]:
    how = Decoding(GREEDILY.temperature, GREEDILY.top_p, options.max_new_tokens)
    answers = answer_prompts(
        model, loaded, [each.prompt for each in prompts], n=1, how=how, batch_size=len(prompts), seed=attempt.spec.seed,
        stop=attempt.stop, beat=lambda done, total: attempt.progress(done, total, note=note),
    )  # fmt: skip
    return [one for (one,) in answers]


def _compared(
    loaded: Loaded, prompt: Encoded, adapted: Answer, plain: Answer, served: dict[str, Any]
) -> dict[str, Any]:
    said = served["content"]
    return {
        "id": prompt.row.id,
        "adapter": adapted.content,
        "base": plain.content,
        "served": said,
        "same_as_adapter": _begins_alike(loaded, adapted, said),
        "same_whole": _bare(adapted.content) == _bare(said),
        "same_as_base": _begins_alike(loaded, plain, said),
        "apart": adapted.ids[:FIRST] != plain.ids[:FIRST],
        "prompt_tokens": len(prompt.prompt),
        "prompt_tokens_served": served.get("read"),
    }


def _begins_alike(loaded: Loaded, answer: Answer, said: str) -> bool:
    """Whether what was said has our answer's first tokens, or is the whole of it where it has no more."""
    if len(answer.ids) <= FIRST:
        return _bare(answer.content) == _bare(said)
    first = loaded.tokenizer.decode(list(answer.ids[:FIRST]), skip_special_tokens=True)
    return _bare(said).startswith(_bare(str(first).rstrip("\ufffd")))  # half of a letter


def _bare(text: str) -> str:
    """As a server's answer is kept, without the spaces around it, which some servers take away."""
    return storable(text).strip()


def _told(attempt: Attempt, rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """`same_as_base` is of the prompts on which adapter and base part; a share of no prompt is left out."""
    apart = [row for row in rows if row["apart"]]
    counted = [row for row in rows if row["prompt_tokens_served"] is not None]
    other = [row for row in counted if row["prompt_tokens_served"] != row["prompt_tokens"]]
    same, whole = _count(rows, "same_as_adapter"), _count(rows, "same_whole")
    as_base, as_adapter = _count(apart, "same_as_base"), _count(apart, "same_as_adapter")
    if other:
        first = other[0]
        attempt.find(
            "template_differs",
            f"{len(other)} of {len(counted)} prompts have another number of tokens there, the first is {first['id']}: "
            f"{first['prompt_tokens_served']} for the server, {first['prompt_tokens']} here",
        )
    if not apart:
        attempt.find("nothing_to_tell", f"the same first {FIRST} tokens on {len(rows)} prompts")
    if as_base > as_adapter and as_base >= len(apart) / 2:
        attempt.find(
            "served_is_base",
            f"of {len(apart)} prompts on which adapter and base part, the server answers {as_base} as the base "
            f"and {as_adapter} as the adapter",
        )
    elif same < ALIKE * len(rows):
        attempt.find(
            "served_differs",
            f"{same} of {len(rows)} answers begin alike in their first {FIRST} tokens, {whole} are alike to their end",
        )
    shares = {
        "same_as_base": (as_base, len(apart)),
        "prompt_tokens_alike": (len(counted) - len(other), len(counted)),
    }
    return {
        "prompts": float(len(rows)),
        "same_as_adapter": same / len(rows),
        "same_whole": whole / len(rows),
        "prompts_apart": float(len(apart)),
        "prompts_counted": float(len(counted)),
        **{name: found / of for name, (found, of) in shares.items() if of},
    }


def _count(rows: Sequence[dict[str, Any]], name: str) -> int:
    return sum(row[name] for row in rows)
