"""Answer prompts: `n` completions each, by each setting. The same spec gives the same answers.

Who writes them is a back end: the spec's model, or the server that its endpoint names. What is
written is kept at once, so that an attempt goes on where the last one stopped.

By hand: {"recipe": "generate", "model": …, "inputs": {"prompts": …}, "options": {"n": 4}}.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from training.artifacts import write_rows
from training.attempt import Attempt
from training.backends import Backend
from training.contract import GenerateOptions
from training.errors import InputError
from training.filling import Answer, Filling, places_of
from training.ledger import Ledger
from training.rows import Row, read_rows
from training.samples import tell_sample

SHOWN = 3
MOST_LOST = 0.01  # of what was asked for, unless somebody says why
MOST_CUT = 0.1


def run(attempt: Attempt) -> dict[str, float]:
    """Write artifacts/completions.jsonl, in the order of the prompts."""
    options = GenerateOptions.of(attempt.spec.options)
    _demand_sense(attempt, options)
    rows = read_rows(attempt.needed_input("prompts"), name="prompts", fields=("prompt",))
    backend = _backend(attempt, options, rows)
    try:
        return answer_rows(attempt, options, backend)
    finally:
        backend.close()


def answer_rows(attempt: Attempt, options: GenerateOptions, backend: Backend) -> dict[str, float]:
    """The same by any back end."""
    begun, ledger = time.monotonic(), Ledger(attempt.run_dir)
    before = len(ledger.known)
    filling = Filling(attempt, backend, ledger, refills=options.refills)
    places = places_of(backend.rows, options, seed=attempt.spec.seed)
    try:
        filling.fill(places)
    finally:
        ledger.close()
    seconds, written = time.monotonic() - begun, list(ledger.known.items())[before:]
    _settle(attempt, options, filling, wanted=len(places))
    answers = [filling.answers[key] for each in places if (key := each.key[:2]) in filling.answers]
    if attempt.spec.teacher:
        from training.choice import best_of, rewarded

        answers = rewarded(attempt, backend.rows, answers, threads=options.threads)
        answers = best_of(answers, best=options.best) if options.best else answers
    _show(attempt, backend.rows, answers)
    write_rows(attempt.artifacts / "completions.jsonl", answers)
    tokens = sum(each["tokens"] or 0 for each in answers)
    return {
        "completions": float(len(answers)),
        "stopped": sum(each["finish"] == "stop" for each in answers) / len(answers),
        "tokens": float(tokens),
        "tokens_per_second": round(sum(each["tokens"] or 0 for _, each in written) / max(seconds, 1e-9), 1),
        "rewritten": float(filling.rewritten),
        "repeated": float(filling.repeated),
        "refused": float(len(filling.refused)),
        **backend.figures(ledger.known.values()),
    }  # fmt: skip


def _demand_sense(attempt: Attempt, options: GenerateOptions) -> None:
    faults = options.faults()
    if options.best and not attempt.spec.teacher:
        faults.append("best needs a reward model as teacher, which says what is best")
    if faults:
        raise InputError("This cannot be run: " + "; ".join(faults) + ".")


def _backend(attempt: Attempt, options: GenerateOptions, rows: Sequence[Row]) -> Backend:
    """Each imports what only it needs: a server is asked without torch."""
    if attempt.spec.endpoint:
        from training.backends.server import ServerBackend

        return ServerBackend(attempt, options, rows)
    from training.backends.local import LocalBackend

    return LocalBackend(attempt, options, rows)


def _settle(attempt: Attempt, options: GenerateOptions, filling: Filling, *, wanted: int) -> None:
    """Tell what was refused, cut or said twice; refuse to go on where too much is lost."""
    answers = filling.answers.values()
    lost = filling.refused
    if lost:
        write_rows(attempt.artifacts / "refused.jsonl", lost)
        told = f"{len(lost)} of {wanted} answers were refused, the first to {lost[0]['prompt']}: {lost[0]['why']}"
        if (len(lost) > MOST_LOST * wanted and not options.allow_dropped) or not answers:
            raise InputError(f"{told} Mend the prompts, or say in allow_dropped why it is right.")
        attempt.find("answers_refused", told)
    cut = sum(each["finish"] == "length" for each in answers)
    if cut > MOST_CUT * len(answers):
        attempt.find("answers_cut", f"{cut} of {len(answers)} answers, at {options.max_new_tokens} tokens")  # fmt: skip
    if filling.repeated:
        attempt.find("answers_repeated", f"{filling.repeated} of {wanted} places, after {options.refills} more tries")  # fmt: skip


def _show(attempt: Attempt, rows: Sequence[Row], answers: Sequence[Answer]) -> None:
    first = {each["prompt"]: each for each in reversed(answers)}
    for row in [row for row in rows if row.id in first][:SHOWN]:
        tell_sample(attempt, row, first[row.id]["content"], step=0)
