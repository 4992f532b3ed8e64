"""Count; the recipe that tests of the seam use. Needs nothing but the standard library."""

from __future__ import annotations

from training.artifacts import write_rows
from training.attempt import Attempt
from training.contract import NoopOptions
from training.errors import InputError


def run(attempt: Attempt) -> dict[str, float]:
    """Take `steps` steps of `pause` seconds; `fail` is the sentence to fail with ("internal": a bug)."""
    options = NoopOptions.of(attempt.spec.options)
    for step in range(1, options.steps + 1):
        attempt.stop.wait(options.pause)
        attempt.events.write("metrics", step=step, loss=1.0 / step)
        attempt.progress(step, options.steps)
    if options.fail == "internal":
        raise RuntimeError("the noop recipe was told to fail")
    if options.fail:
        raise InputError(options.fail)
    write_rows(attempt.artifacts / "noop.jsonl", [{"steps": options.steps}])
    return {"steps": float(options.steps)}
