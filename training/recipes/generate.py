"""Answer prompts: `n` completions each, by each setting. The same spec gives the same answers.

Who writes them is a back end: the spec's model, or the server that its endpoint names. What is
written is kept at once, so that an attempt goes on where the last one stopped. Several adapters on one base answer
side by side, each what it would write alone.

By hand: {"recipe": "generate", "model": …, "inputs": {"prompts": …}, "options": {"n": 4}}.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from training.artifacts import write_rows
from training.attempt import Attempt
from training.backends import Backend
from training.contract import OVER_BUDGET, GenerateOptions
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
    backend.go_on_from(ledger)
    filling = Filling(attempt, backend, ledger, refills=options.refills)
    models = list(attempt.spec.adapters)
    places = places_of(backend.rows, options, seed=attempt.spec.seed, models=models)
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
        "refused": float(sum(each["why"] != OVER_BUDGET for each in filling.refused)),
        "unasked": float(sum(each["why"] == OVER_BUDGET for each in filling.refused)),
        **backend.figures(ledger.known.values()),
    }  # fmt: skip


def _demand_sense(attempt: Attempt, options: GenerateOptions) -> None:
    faults = options.faults()
    if options.best and not attempt.spec.teacher:
        faults.append("best needs a reward model as teacher, which says what is best")
    bounded = options.most_requests or options.most_cost
    if bounded and not attempt.spec.endpoint:
        faults.append("most_requests and most_cost bound what a server is asked; there is none")
    if options.most_cost and attempt.spec.endpoint and not attempt.spec.endpoint.get("prices"):
        faults.append("most_cost needs the endpoint's prices, which nobody has given")
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
    if filling.refused:
        write_rows(attempt.artifacts / "refused.jsonl", filling.refused)
    lost = [each for each in filling.refused if each["why"] != OVER_BUDGET]
    if unasked := len(filling.refused) - len(lost):
        told = f"{unasked} of {wanted} answers were not asked for: {OVER_BUDGET}"
        if not answers:
            raise InputError(f"{told}. Allow more requests or money.")
        attempt.find("budget_spent", told)
    if lost:
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
