"""Tasks of EleutherAI's lm-evaluation-harness, an extra: `pip install -e ".[train,harness]"`.

`wanted` finds tasks before a model is loaded, `asking` puts them to it, `telling` makes rows and figures of
what came back. They import the harness, so they are only imported where a run names tasks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from training.artifacts import write_rows
from training.attempt import Attempt
from training.contract import EvaluateOptions
from training.errors import InputError

if TYPE_CHECKING:
    from training.harness.wanted import Wanted
    from training.models import Loaded

ROWS = "harness.jsonl"


class Found(NamedTuple):
    metrics: dict[str, float]
    figures: list[dict[str, Any]]


@dataclass(frozen=True)
class Harness:
    """The tasks of a run, none in most."""

    wanted: Wanted | None = None
    documents: int = field(default=0)

    @classmethod
    def of(cls, options: EvaluateOptions) -> Harness:
        """Find the tasks, so that what is missing is said before anything is measured.

        Raises:
            InputError: the harness is not installed; else as `tasks_wanted`.
        """
        if not options.harness:
            return cls()
        if find_spec("lm_eval") is None:
            raise InputError(
                "harness names tasks of lm-evaluation-harness, which is not installed where runs are made: "
                'pip install -e ".[train,harness]", or leave harness empty.'
            )
        from training.harness.wanted import tasks_wanted

        wanted = tasks_wanted(options)
        return cls(wanted, wanted.documents)

    def asked(
        self,
        attempt: Attempt,
        model: Any,
        loaded: Loaded,
        options: EvaluateOptions,
        limit: int,
        beat: Callable[[int, int], None],
    ) -> Found:
        """Put the tasks to the model and write harness.jsonl; see `asking.ask`."""
        if self.wanted is None:
            return Found({}, [])
        from training.harness.asking import ask
        from training.harness.telling import told

        answered = ask(
            self.wanted, model, loaded, options=options, limit=limit, stop=attempt.stop, beat=beat
        )
        if answered.cut:
            told_of = (
                f"{answered.cut} of {answered.requests} requests have more than {limit} tokens"
            )
            attempt.find("harness_cut", told_of)
        found = told(answered, self.wanted, attempt.stop.check)
        write_rows(attempt.artifacts / ROWS, found.rows)
        metrics = {row["figure"]: row["value"] for row in found.figures}
        return Found({"harness_documents": float(len(found.rows)), **metrics}, found.figures)
